import type { Pending } from './migrations.ts'

/**
 * A migration that takes something away is called `…_contract_…`. It belongs into the release after the
 * one whose worker has stopped using what it takes: migrations run before the worker is uploaded, so
 * the one that is serving must be able to do without.
 */
export function isContract(tag: string): boolean {
  return /^\d+_contract_/.test(tag)
}

/** What a migration that is not a contract must not do, while the old worker is serving. */
const DESTRUCTIVE = [
  /\bdrop\s+(table|column|schema|type|view|materialized\s+view|sequence|domain|role|extension)\b/,
  // ALTER TABLE … DROP name: the word COLUMN may be left out.
  /^alter\s+table\b.*\bdrop\s+(?!(column|constraint|not\s+null|identity|expression|default)\b)/,
  /^alter\s+table\b.*\bdrop\s+default\b/,
  /\brename\b/,
  /^alter\s+table\b.*\balter\s+(column\s+)?\S+\s+(set\s+data\s+)?type\b/,
  /^alter\s+table\b.*\bset\s+not\s+null\b/,
  /^truncate\b/,
  /^revoke\b.*\bfrom\s+tendril_app\b/,
]

/** What may be dropped when the same migration makes it again. */
const REPLACED = /^drop\s+(function|procedure|policy|trigger)\s+(?:if\s+exists\s+)?"?([\w.]+)"?/

/** The statements of a migration that take something away from the worker that is serving. */
export function destructiveStatements(sql: string): string[] {
  const statements = statementsOf(sql)
  return statements.filter((statement) => {
    const replaced = REPLACED.exec(statement)
    if (replaced) return !statements.some((each) => makes(each, replaced[1], replaced[2]))
    return DESTRUCTIVE.some((pattern) => pattern.test(statement))
  })
}

function makes(statement: string, what = '', name = ''): boolean {
  const escaped = name.replaceAll('.', '\\.')
  return new RegExp(`^create\\s+(or\\s+replace\\s+)?${what}\\s+"?${escaped}"?\\b`).test(statement)
}

/** One statement each, in lower case, without comments, texts and bodies of functions. */
function statementsOf(sql: string): string[] {
  return sql
    .replaceAll(/\$(\w*)\$[\s\S]*?\$\1\$/g, "''")
    .replaceAll(/'(?:[^']|'')*'/g, "''")
    .replaceAll(/--[^\n]*/g, '')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .split(';')
    .map((statement) => statement.replaceAll(/\s+/g, ' ').trim().toLowerCase())
    .filter((statement) => statement !== '')
}

/**
 * The contract that must wait, if there is one: it is preceded by a migration that is not there
 * either. So the release in between, whose worker no longer needs what the contract takes away, was
 * never deployed here, and the worker that is serving may be one that does.
 */
export function prematureContract({ isNew, tags }: Pending): string | null {
  if (isNew) return null
  const first = tags.findIndex(isContract)
  return first > 0 ? (tags[first] ?? null) : null
}
