import { isAppError } from '../core/errors.ts'
import { importFile } from './import/import-file.ts'
import { HELP, type ImportOptions, readImportOptions } from './import/options.ts'
import type { Counts } from './import/progress-file.ts'
import { readFileRows } from './import/read-file.ts'
import { confirmPlan } from './import/show-plan.ts'
import { openSource } from './import/source.ts'
import { UserError } from './local/user-error.ts'

async function main(): Promise<void> {
  const options = readImportOptions()
  if (!options) return console.log(HELP)
  const source = await openSource(options.file)
  const rowSource = await readFileRows(source, options, warnOnce())
  const { plan } = rowSource
  if (plan && !(await confirmPlan(plan, !options.yes && !options.isDryRun))) return
  const counts = await importFile(options, source, rowSource, progressLine())
  if (process.stdout.isTTY) process.stdout.write('\n')
  console.log(summary(counts, options))
  if (counts.refused > 0) process.exitCode = 1
}

function warnOnce(): (message: string) => void {
  const told = new Set<string>()
  return (message) => {
    if (!told.has(message)) console.error(`note: ${message}`)
    told.add(message)
  }
}

/** A line that changes where there is a terminal, else one for every percent. */
function progressLine(): (share: number, counts: Counts) => void {
  let shown = -1
  return (share, { rows }) => {
    const percent = Math.floor(share * 100)
    const text = `${percent} %  ${rows.toLocaleString('en')} rows`
    if (process.stdout.isTTY) process.stdout.write(`\r${text}`)
    else if (percent !== shown) console.log(text)
    shown = percent
  }
}

function summary(
  { rows, created, updated, unchanged, refused }: Counts,
  { isDryRun }: ImportOptions,
): string {
  return isDryRun
    ? `dry run, nothing was written: ${rows} rows, ${refused} refused`
    : `${rows} rows: ${created} created, ${updated} updated, ${unchanged} unchanged, ${refused} refused`
}

/** What is wrong with the file or the options, as sentences; `null`: the fault is ours. */
function complaint(error: unknown): string | null {
  if (error instanceof UserError) return error.message
  if (!isAppError(error)) return null
  const { errors = [] } = error.detail
  return errors.length === 0
    ? error.message
    : errors
        .map(({ pointer, message }) => (pointer ? `${pointer}: ${message}` : message))
        .join('\n')
}

try {
  await main()
} catch (error) {
  const message = complaint(error)
  if (message === null) throw error
  console.error(message)
  process.exitCode = 1
}
