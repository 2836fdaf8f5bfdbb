import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'

export type Load = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Sent in turn, by POST. Default: GET. */
  readonly bodies?: readonly string[]
  readonly connections: number
  readonly seconds: number
  /** Of the runtime that serves `url`. */
  readonly pid: number
}

export type Measured = {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** CPU time of the runtime for each request. */
  readonly cpuMicroseconds: number
  /** Share of one core that the runtime used: below 1 it was not the bottleneck. */
  readonly cpuShare: number
}

/** Sends requests as fast as they are answered; any answer but 200 is an error. */
export async function measure({
  url,
  headers,
  bodies,
  connections,
  seconds,
  pid,
}: Load): Promise<Measured> {
  const before = cpuSeconds(pid)
  const requests = bodies?.map((body) => ({ method: 'POST' as const, body }))
  const result = await autocannon({
    ...{ url, headers, connections, duration: seconds, workers: 1 },
    ...(requests && { requests }),
  })
  const cpu = cpuSeconds(pid) - before
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${url}: ${result.non2xx} answers were no success, ${result.errors} failed`)
  }
  const { total } = result.requests
  return {
    requestsPerSecond: total / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    cpuMicroseconds: (cpu * 1_000_000) / total,
    cpuShare: cpu / result.duration,
  }
}

/** User and system time of a process so far; proc(5). */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const CLOCK_TICKS_PER_SECOND = 100
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND
}
