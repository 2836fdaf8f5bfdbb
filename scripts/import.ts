import { stat } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { readChunks } from './import/line-reader.ts'
import { postRows, type Target } from './import/post-rows.ts'
import { forgetProgress, loadProgress, progressPath, saveProgress } from './import/progress-file.ts'
import { UserError } from './local/user-error.ts'

const HELP = `Loads an NDJSON file of any size into a graph, entities before the relationships that use them.

  npm run import -- <file.ndjson> [options]

  --url <url>     the server                      default http://127.0.0.1:8787
  --key <key>     an API key                      default $TENDRIL_API_KEY
  --graph <name>  the graph                       default "default"
  --restart       begin at the first line, even if an import of this file was interrupted
  --help          this text

A row: {"kind":"entity","type":"airport","external_id":"ATL","name":"…","properties":{…}}
   or: {"kind":"relationship","type":"route","external_id":"ATL-SFO",
        "from_external_id":"ATL","to_external_id":"SFO","properties":{…}}
Rows are found again by external_id: an import can be interrupted, resumed and repeated.`

async function main(): Promise<void> {
  const { values, positionals } = readArguments()
  if (values.help) return console.log(HELP)
  const [file, ...more] = positionals
  if (!file || more.length > 0)
    throw new UserError('name one file: npm run import -- <file.ndjson>')
  const apiKey = values.key ?? process.env.TENDRIL_API_KEY
  if (!apiKey) throw new UserError('give an API key by --key or TENDRIL_API_KEY')
  const target = { baseUrl: values.url.replace(/\/$/, ''), apiKey, graph: values.graph }
  const refused = await importFile(file, target, values.restart)
  if (refused > 0) process.exitCode = 1
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        url: { type: 'string', default: 'http://127.0.0.1:8787' },
        key: { type: 'string' },
        graph: { type: 'string', default: 'default' },
        restart: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    // parseArgs throws for unknown options, with a message that names them.
    throw new UserError(`${error instanceof Error ? error.message : error} (try --help)`)
  }
}

/** Returns how many rows were refused; each of them is printed with its line and reason. */
async function importFile(file: string, target: Target, restart: boolean): Promise<number> {
  const { size, mtimeMs } = await stat(file).catch(() => {
    throw new UserError(`there is no file ${file}`)
  })
  const path = progressPath(file, target)
  if (restart) await forgetProgress(path)
  const resumed = await loadProgress(path, { size, mtimeMs })
  if (resumed) console.log(`going on at line ${resumed.line}`)
  const counts = { rows: 0, created: 0, updated: 0, unchanged: 0, refused: 0 }
  const start = { byte: resumed?.byte ?? 0, line: resumed?.line ?? 1 }
  for await (const chunk of readChunks(file, start)) {
    if (chunk.lines.every((line) => line.trim() === '')) continue
    const report = await postRows(target, chunk.lines)
    for (const { line, message } of report.errors) {
      console.error(`line ${chunk.firstLine + line - 1}: ${message}`)
    }
    for (const key of ['rows', 'created', 'updated', 'unchanged', 'refused'] as const) {
      counts[key] += report[key]
    }
    const line = chunk.firstLine + chunk.lines.length
    await saveProgress(path, { size, mtimeMs, byte: chunk.endByte, line })
    show(chunk.endByte / size, counts)
  }
  await forgetProgress(path)
  if (process.stdout.isTTY) process.stdout.write('\n')
  console.log(
    `${counts.rows} rows: ${counts.created} created, ${counts.updated} updated, ` +
      `${counts.unchanged} unchanged, ${counts.refused} refused`,
  )
  return counts.refused
}

function show(share: number, { rows }: { rows: number }): void {
  const text = `${Math.floor(share * 100)} %  ${rows.toLocaleString('en')} rows`
  if (process.stdout.isTTY) process.stdout.write(`\r${text}`)
  else console.log(text)
}

try {
  await main()
} catch (error) {
  if (!(error instanceof UserError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
