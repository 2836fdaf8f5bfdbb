import { basename } from 'node:path'

/** What the Chrome DevTools protocol gives as a CPU profile: the node of each sample. */
export type CpuProfile = {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: {
      readonly functionName: string
      readonly url: string
      readonly lineNumber: number
    }
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
}

const SAMPLING_MICROSECONDS = 200

/** URL of the inspector of the worker `name`, at the port that Miniflare inspects all of them by. */
export async function inspectorOf(port: number, name: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/json`)
  const targets = (await response.json()) as readonly {
    readonly id: string
    readonly webSocketDebuggerUrl: string
  }[]
  const target = targets.find(({ id }) => id === `core:user:${name}`)
  if (!target) throw new Error(`no worker ${name} to inspect`)
  return target.webSocketDebuggerUrl
}

/** Profiles a worker through its inspector while `work` runs. */
export async function profileWhile(
  inspectorUrl: string,
  work: () => Promise<unknown>,
): Promise<CpuProfile> {
  const socket = new WebSocket(inspectorUrl)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true })
    socket.addEventListener('error', () => reject(new Error(`no inspector at ${inspectorUrl}`)))
  })
  const waiting = new Map<number, (result: never) => void>()
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data))
    waiting.get(id)?.(result as never)
  })
  let calls = 0
  const call = <T>(method: string, params: object = {}): Promise<T> => {
    calls += 1
    const id = calls
    socket.send(JSON.stringify({ id, method, params }))
    return new Promise<T>((resolve) => waiting.set(id, resolve))
  }
  await call('Profiler.enable')
  await call('Profiler.setSamplingInterval', { interval: SAMPLING_MICROSECONDS })
  await call('Profiler.start')
  await work()
  const { profile } = await call<{ profile: CpuProfile }>('Profiler.stop')
  socket.close()
  return profile
}

export type Share = { readonly where: string; readonly share: number }

/**
 * Shares of the samples that found a function itself at work, the largest first; the runtime's own
 * functions by who called them. Times between samples do not count: they tell of what else the machine
 * did.
 */
export function selfTimes({ nodes, samples }: CpuProfile): Share[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const callers = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  )
  const counts = new Map<string, number>()
  let busy = 0
  for (const id of samples) {
    const frame = frames.get(id)
    if (!frame || frame.functionName === '(idle)') continue
    const caller = frame.url === '' ? frames.get(callers.get(id) ?? 0) : undefined
    const where = nameOf(frame) + (caller ? ` < ${nameOf(caller)}` : '')
    counts.set(where, (counts.get(where) ?? 0) + 1)
    busy += 1
  }
  return [...counts]
    .map(([where, count]) => ({ where, share: count / busy }))
    .toSorted((a, b) => b.share - a.share)
}

function nameOf({
  functionName,
  url,
  lineNumber,
}: CpuProfile['nodes'][number]['callFrame']): string {
  return `${functionName || '(anonymous)'} ${basename(url)}:${lineNumber + 1}`
}
