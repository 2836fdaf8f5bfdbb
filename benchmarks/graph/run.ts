import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const HELP = `Topologies in bytes and time, and searches beside the same searches in PostgreSQL and over HTTP.

  npm run bench:graph -- [--part <memory | sql | http>] [options of that part]

Without a part all are run. The searches are on a generated graph and on the sample graph of npm start.`

type Part = { readonly name: string; readonly title: string; readonly args: readonly string[] }

/** Each in a process of its own, since they measure memory and CPU time. */
const PARTS: readonly Part[] = [
  { name: 'memory', title: 'Bytes, loading and changes', args: ['--expose-gc', 'memory.ts'] },
  { name: 'sql', title: 'The same searches in SQL', args: ['sql.ts'] },
  { name: 'sql', title: 'In SQL, sample graph', args: ['sql.ts', '--graph', 'sample'] },
  { name: 'http', title: 'Over HTTP', args: ['http.ts'] },
  { name: 'http', title: 'Over HTTP, sample graph', args: ['http.ts', '--graph', 'sample'] },
]

const { values, tokens } = parseArgs({
  options: { part: { type: 'string' }, help: { type: 'boolean', default: false } },
  strict: false,
  tokens: true,
})
if (values.help === true) console.log(HELP)
else run(typeof values.part === 'string' ? values.part : null)

function run(wanted: string | null): void {
  const parts = PARTS.filter(({ name }) => wanted === null || name === wanted)
  if (parts.length === 0) throw new Error(`there is no part ${JSON.stringify(wanted)}\n\n${HELP}`)
  for (const { title, args } of parts) {
    console.log(`\n${title}\n`)
    const program = args.map((arg) => (arg.endsWith('.ts') ? join(import.meta.dirname, arg) : arg))
    const { status } = spawnSync(process.execPath, [...program, ...given(wanted)], {
      stdio: 'inherit',
    })
    if (status !== 0) process.exitCode = 1
  }
}

/** The options of one part; those of all would not fit each. */
function given(wanted: string | null): readonly string[] {
  if (wanted === null) return []
  const part = tokens.find((token) => token.kind === 'option' && token.name === 'part')
  const places = part?.kind === 'option' && !part.inlineValue ? [part.index, part.index + 1] : []
  return process.argv.slice(2).filter((_arg, i) => !places.includes(i) && i !== part?.index)
}
