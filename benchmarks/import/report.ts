import type { Contents } from './contents.ts'
import type { CpuTimes } from './cpu-time.ts'

/** What one load came to. */
export type Run = {
  readonly rowsPerSecond: number
  /** Milliseconds for 1,000 rows, by part. */
  readonly cpu: CpuTimes
}

export function runOf(rows: number, elapsedMs: number, cpuMs: CpuTimes): Run {
  const perThousand = Object.entries(cpuMs).map(([part, ms]) => [part, (ms * 1_000) / rows])
  return { rowsPerSecond: (rows * 1_000) / elapsedMs, cpu: Object.fromEntries(perThousand) }
}

export function runLine(name: string, { rowsPerSecond, cpu }: Run): string {
  const parts = Object.entries(cpu).map(([part, ms]) => `${part} ${ms.toFixed(0)}`)
  return `${name.padEnd(12)} ${right(rowsPerSecond.toFixed(0))} rows/s   CPU: ${parts.join(', ')}`
}

/** Prints the rates of every case, what they took of the cores, and what the goals say of them. */
export function reportRuns(runs: ReadonlyMap<string, readonly Run[]>, contents: Contents): void {
  const parts = Object.keys([...runs.values()][0]?.[0]?.cpu ?? {})
  const titles = ['median', 'min', 'max', ...parts]
  console.log(`\n${''.padEnd(14)}${'rows/s'.padStart(30)}${'  CPU ms for 1,000 rows (medians)'}`)
  console.log(''.padEnd(14) + titles.map(right).join(''))
  for (const [name, each] of runs) {
    const rates = each.map(({ rowsPerSecond }) => rowsPerSecond)
    const cpu = parts.map((part) => median(each.map((run) => run.cpu[part] ?? 0)))
    const figures = [median(rates), Math.min(...rates), Math.max(...rates), ...cpu]
    console.log(name.padEnd(14) + figures.map((figure) => right(figure.toFixed(0))).join(''))
  }
  console.log('')
  ratio(runs, 'import', 'copy', 0.25)
  ratio(runs, 'import-1000', 'insert', 0.5)
  ratio(runs, 'batch-1000', 'insert', 0.5)
  console.log('\nThe same in every case:')
  for (const [what, value] of Object.entries(contents)) console.log(`${what}: ${value}`)
}

/** By round, since what else the machine does changes from one to the next. */
function ratio(
  runs: ReadonlyMap<string, readonly Run[]>,
  name: string,
  limit: string,
  goal: number,
): void {
  const limits = runs.get(limit)
  const values = runs.get(name)?.map(({ rowsPerSecond }, round) => {
    return rowsPerSecond / (limits?.[round]?.rowsPerSecond ?? Number.NaN)
  })
  if (!values?.every(Number.isFinite)) return
  const [middle, least] = [median(values), Math.min(...values)].map(percent)
  const label = `${name} / ${limit}:`.padEnd(28)
  console.log(`${label} median ${middle}, min ${least}   (goal: at least ${percent(goal)})`)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

function right(text: string): string {
  return text.padStart(14)
}
