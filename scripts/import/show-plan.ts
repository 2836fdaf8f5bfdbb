import { createInterface } from 'node:readline/promises'
import { shown } from '../../core/formats/csv/cell-types.ts'
import { type CsvPlan, isGuessed } from '../../core/formats/csv/plan.ts'
import { nameOfTarget } from '../../core/formats/csv/targets.ts'
import { UserError } from '../local/user-error.ts'

/** How each column of a CSV file was understood, as a table. */
export function planTable({ kind, type, rows, columns }: CsvPlan): string {
  const cells = [
    ['column', 'field', 'type', 'example', 'empty cells'],
    ...columns.map(({ header, target, cellType, isInferred, example, emptyCells }) => [
      header === '' ? '(no name)' : shown(header).slice(1, -1),
      nameOfTarget(target),
      target.to === 'nothing' ? '' : cellType + (isInferred ? ' (from its cells)' : ''),
      example === null ? '' : shown(example).slice(1, -1),
      emptyCells === 0 ? '' : emptyCells.toLocaleString('en'),
    ]),
  ]
  const widths = cells[0]?.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0))) ?? []
  const lines = cells.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '))
  const ofType = type === null ? '' : ` of the type ${type}`
  const title = `${rows.toLocaleString('en')} rows, each ${kind === 'entity' ? 'an entity' : 'a relationship'}${ofType}`
  return [title, '', ...lines.map((line) => `  ${line.trimEnd()}`), ''].join('\n')
}

/** Shows what was guessed, and goes on only if that is agreed to. */
export async function confirmPlan(plan: CsvPlan, canWrite: boolean): Promise<boolean> {
  console.log(planTable(plan))
  if (!isGuessed(plan) || !canWrite) return true
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new UserError('say --yes to load it like this, or --dry-run to check it first')
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return /^y(es)?$/i.test((await terminal.question('Load it like this? [y/N] ')).trim())
  } finally {
    terminal.close()
  }
}
