import { extname } from 'node:path'
import { parseArgs } from 'node:util'
import type { Kind } from '../../core/log/commands.ts'
import { UserError } from '../local/user-error.ts'
import type { Target } from './post-rows.ts'

const FORMATS = ['ndjson', 'csv', 'graphml', 'stix', 'lockfile'] as const
export type FileFormat = (typeof FORMATS)[number]

const EXTENSIONS: Readonly<Record<string, FileFormat>> = {
  ...{ '.ndjson': 'ndjson', '.jsonl': 'ndjson', '.csv': 'csv', '.tsv': 'csv' },
  ...{ '.graphml': 'graphml', '.xml': 'graphml', '.stix': 'stix', '.json': 'stix' },
}

/** What an import of one file is asked to do. */
export type ImportOptions = {
  readonly file: string
  readonly format: FileFormat
  readonly target: Target
  readonly kind: Kind | null
  readonly type: string | null
  readonly relationshipType: string | null
  readonly map: ReadonlyMap<string, string>
  readonly unmapped: 'ignore' | 'properties'
  readonly infer: boolean
  readonly isDryRun: boolean
  /** Goes on without a question where columns were guessed. */
  readonly yes: boolean
  readonly restart: boolean
  /** Where refused rows go, as NDJSON. */
  readonly errorsFile: string | null
}

export const HELP = `Loads a file of any size into a graph, entities before the relationships that use them.

  npm run import -- <file> [options]                   .ndjson .jsonl .csv .tsv .graphml .xml
                                                       .json .stix (STIX 2.1), any of them .gz
  npm run import -- lockfile package-lock.json         packages and what they depend on

  --url <url>       the server                         default http://127.0.0.1:8787
  --key <key>       an API key                         default $TENDRIL_API_KEY
  --graph <name>    the graph                          default "default"
  --format <name>   ndjson, csv, graphml or stix       default by the file's name
  --dry-run         check every row and write nothing
  --errors <file>   write refused rows to this file, as NDJSON
  --restart         begin anew, even if an import of this file was interrupted
  --help            this text

CSV (columns are shown before anything is written)
  --kind <kind>     entity or relationship             default by the columns
  --type <type>     type of rows without one
  --map <column>=<field>   such as --map iata=external_id --map "runs=properties.runways:number"
                           fields: external_id, type, name, lat, lon, from_external_id,
                           to_external_id, id, from_id, to_id, properties.<key>; - for none
  --ignore          leave columns out that are no field, instead of making them properties
  --no-infer        take every column that states no type for text
  --yes             do not ask

GraphML
  --type, --relationship-type   of nodes and edges without one   default node, edge
  --map <key>=<field>           as above

Rows are found again by external_id or id: an import can be interrupted, resumed and repeated.`

/** `null` when the help was asked for. Throws a `UserError` for what it does not know. */
export function readImportOptions(): ImportOptions | null {
  const { values, positionals } = readArguments()
  if (values.help) return null
  const { file, format } = fileOf(positionals, values.format)
  const apiKey = values.key ?? process.env.TENDRIL_API_KEY
  if (!apiKey) throw new UserError('give an API key by --key or TENDRIL_API_KEY')
  return {
    ...{ file, format },
    target: { baseUrl: values.url.replace(/\/$/, ''), apiKey, graph: values.graph },
    kind: kindOf(values.kind),
    type: values.type ?? null,
    relationshipType: values['relationship-type'] ?? null,
    map: mapOf(values.map),
    unmapped: values.ignore ? 'ignore' : 'properties',
    infer: values.infer,
    isDryRun: values['dry-run'],
    yes: values.yes,
    restart: values.restart,
    errorsFile: values.errors ?? null,
  }
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      allowNegative: true,
      options: {
        url: { type: 'string', default: 'http://127.0.0.1:8787' },
        key: { type: 'string' },
        graph: { type: 'string', default: 'default' },
        format: { type: 'string' },
        kind: { type: 'string' },
        type: { type: 'string' },
        'relationship-type': { type: 'string' },
        map: { type: 'string', multiple: true, default: [] },
        ignore: { type: 'boolean', default: false },
        infer: { type: 'boolean', default: true },
        yes: { type: 'boolean', default: false },
        'dry-run': { type: 'boolean', default: false },
        errors: { type: 'string' },
        restart: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    // parseArgs throws for unknown options, with a message that names them.
    throw new UserError(`${error instanceof Error ? error.message : error} (try --help)`)
  }
}

function fileOf(positionals: readonly string[], name: string | undefined) {
  const isLockfile = positionals[0] === 'lockfile' && positionals.length > 1
  const [file, ...more] = isLockfile ? positionals.slice(1) : positionals
  if (!file || more.length > 0) throw new UserError('name one file: npm run import -- <file>')
  if (isLockfile) return { file, format: 'lockfile' as const }
  const format = name
    ? FORMATS.find((each) => each === name)
    : EXTENSIONS[extname(file.replace(/\.gz$/i, '')).toLowerCase()]
  if (format) return { file, format }
  throw new UserError(
    name
      ? `--format must be one of ${FORMATS.join(', ')}, not ${name}`
      : `the name ${file} does not tell its format: say --format ${FORMATS.join(', ')}`,
  )
}

function kindOf(kind: string | undefined): Kind | null {
  if (kind === undefined || kind === 'entity' || kind === 'relationship') return kind ?? null
  throw new UserError(`--kind must be entity or relationship, not ${kind}`)
}

function mapOf(pairs: readonly string[]): Map<string, string> {
  return new Map(
    pairs.map((pair): [string, string] => {
      const equals = pair.indexOf('=')
      if (equals < 0 || equals === pair.length - 1) {
        throw new UserError(`--map needs <column>=<field>, not ${JSON.stringify(pair)}`)
      }
      return [pair.slice(0, equals), pair.slice(equals + 1)]
    }),
  )
}
