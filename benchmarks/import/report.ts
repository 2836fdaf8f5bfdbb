import type { Contents } from './contents.ts'

/** Prints the rates of every case, in rows per second, and what the goals say of them. */
export function reportRates(
  rates: ReadonlyMap<string, readonly number[]>,
  contents: Contents,
): void {
  console.log(`\n${'rows/s'.padEnd(14)}${['median', 'min', 'max'].map(right).join('')}`)
  for (const [name, values] of rates) {
    const figures = [median(values), Math.min(...values), Math.max(...values)]
    console.log(name.padEnd(14) + figures.map((each) => right(each.toFixed(0))).join(''))
  }
  console.log('')
  ratio(rates, 'import', 'copy', 0.25)
  ratio(rates, 'import-1000', 'insert', 0.5)
  ratio(rates, 'batch-1000', 'insert', 0.5)
  console.log('\nThe same in every case:')
  for (const [what, value] of Object.entries(contents)) console.log(`${what}: ${value}`)
}

/** By round, since what else the machine does changes from one to the next. */
function ratio(
  rates: ReadonlyMap<string, readonly number[]>,
  name: string,
  limit: string,
  goal: number,
): void {
  const values = rates.get(name)?.map((rate, round) => rate / (rates.get(limit)?.[round] ?? 0))
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
  return text.padStart(10)
}
