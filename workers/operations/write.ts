import { AppError, type FieldError, invalid } from '../../core/errors.ts'
import { type Command, MAX_COMMANDS } from '../../core/log/commands.ts'
import { type FindCurrent, type Folded, fold } from '../../core/log/fold.ts'
import type { CommitAnswer, GraphRequest, OpRefused, OpResult } from '../../core/log/requests.ts'
import type { IndexMethod } from '../../core/types/definition.ts'
import {
  type GraphSchema,
  indexMethods,
  validateProperties,
} from '../../core/types/graph-schema.ts'
import { findAnswer } from '../../db/queries/events.ts'
import type { GraphContext } from '../context.ts'
import { type CommitIdentity, commitIdentity } from './commit-ids.ts'
import { readCurrent } from './current.ts'
import { pointerOf } from './json-schema-problems.ts'
import { answerError, refusalError } from './refusals.ts'
import { forgetSchema, loadSchema } from './schema.ts'

/** What became of the commands of one request. */
export type Written = {
  readonly seq: number
  readonly historyId: string
  /** The answer was given before, to a request with the same idempotency key. */
  readonly replayed: boolean
  /** For each command, what it did, or why it was refused (only where `atomic` is false). */
  readonly outcomes: readonly (OpResult | AppError)[]
}

export type WriteOptions = {
  /** `false`: a command that is refused leaves the others be. Default `true`: all or nothing. */
  readonly atomic?: boolean
}

/**
 * How often a write is prepared anew because the graph's types or a patched record changed between
 * the read and the commit. Every time another writer has got ahead, so this is a bound on fairness.
 */
const MAX_ATTEMPTS = 15

/**
 * The write path of every command on records: read what patches build on, fold, validate against the
 * types, commit, and start over when any of it was overtaken. Throws an `AppError` when the request
 * is refused as a whole.
 */
export async function write(
  context: GraphContext,
  commands: readonly Command[],
  { atomic = true }: WriteOptions = {},
): Promise<Written> {
  if (commands.length > MAX_COMMANDS) {
    throw invalid([{ pointer: '', message: `at most ${MAX_COMMANDS} commands` }])
  }
  const { graph, principal, services } = context
  const identity = await commitIdentity(context, `${graph.graphId}|${principal.actor}`)
  for (let attempt = 1; ; attempt += 1) {
    const plan = await prepare(context, commands)
    if (atomic && plan.problems.size > 0) {
      // What is wrong now may have been right when this request was first made.
      const first = context.idempotency && (await firstAnswer(context, identity))
      if (first) return written({ ...first, replayed: true }, plan.folded, plan.problems)
      throw combined(plan.problems, commands.length)
    }
    const answer = await services.commit(graph, graphRequest(context, identity, plan, atomic))
    if (answer.status === 'committed') return written(answer, plan.folded, plan.problems)
    if (isOvertaken(answer, plan.folded, commands)) {
      if (attempt === MAX_ATTEMPTS) throw overtaken()
      if (answer.status === 'schema_moved') forgetSchema(context)
      continue
    }
    throw answer.status === 'refused'
      ? refusalError(answer.refusals, plan.folded, commands)
      : answerError(answer)
  }
}

function overtaken(): AppError {
  const message = 'nothing was written: others keep changing the same record; try again'
  return new AppError('unavailable', message, { retryAfterSeconds: 1 })
}

/** The commands as operations, and everything wrong with them that can be told without the log. */
type Plan = {
  readonly folded: Folded
  /** By command; a fault of the record that several commands write stands at the first of them. */
  readonly problems: ReadonlyMap<number, AppError>
  readonly schemaSeq: number
  readonly indexMethods: readonly IndexMethod[]
}

async function prepare(context: GraphContext, commands: readonly Command[]): Promise<Plan> {
  const [schema, findCurrent] = await Promise.all([
    loadSchema(context),
    readCurrent(context, commands),
  ])
  return {
    ...validated(commands, schema, findCurrent),
    schemaSeq: schema.schemaSeq,
    indexMethods: indexMethods(schema),
  }
}

function validated(commands: readonly Command[], schema: GraphSchema, findCurrent: FindCurrent) {
  const folded = fold(commands, findCurrent)
  const problems = new Map<number, AppError>()
  folded.commands.forEach((command, index) => {
    if (command instanceof AppError) problems.set(index, command)
  })
  for (const { op, kind, type, content } of folded.writes) {
    const errors = type === null ? [] : validateProperties(schema, kind, type, content.properties)
    if (errors.length > 0) problems.set(op, invalid(errors.map(withPlainPointer)))
  }
  return { folded, problems }
}

/** The validator writes places as URI fragments. */
function withPlainPointer({ pointer, message }: FieldError): FieldError {
  return { pointer: pointerOf(pointer), message }
}

function graphRequest(
  { principal, requestId }: GraphContext,
  identity: CommitIdentity,
  { folded, problems, schemaSeq, indexMethods }: Plan,
  atomic: boolean,
): GraphRequest {
  const isFine = ({ op }: { readonly op: number }) => !problems.has(op)
  return {
    ...identity,
    atomic,
    schemaSeq,
    indexMethods,
    actor: principal.actor,
    requestId,
    entities: folded.entities.filter(isFine),
    relationships: folded.relationships.filter(isFine),
    types: [],
  }
}

/** One error for a request: the fields of all its commands when they are invalid, else the first. */
function combined(problems: ReadonlyMap<number, AppError>, commands: number): AppError {
  const [[firstIndex, first] = [0, new AppError('internal', 'no problem')]] = problems
  if (commands === 1) return first
  const errors: FieldError[] = []
  for (const [index, problem] of problems) {
    const fields = problem.detail.errors ?? [{ pointer: '', message: problem.message }]
    for (const { pointer, message } of fields) {
      errors.push({ pointer: `/commands/${index}${pointer}`, message })
    }
  }
  return first.code === 'invalid'
    ? invalid(errors)
    : new AppError(first.code, first.message, { errors, command: firstIndex })
}

/** Whether nothing stood in the way but types or records that changed since they were read. */
function isOvertaken(answer: CommitAnswer, folded: Folded, commands: readonly Command[]): boolean {
  if (answer.status !== 'refused') return answer.status === 'schema_moved'
  return answer.refusals.every(({ op, refused }: OpRefused) => {
    const command = commands[folded.commands.indexOf(op)]
    return (
      refused === 'version_mismatch' && command?.action === 'patch' && command.ifVersion === null
    )
  })
}

function written(
  answer: Extract<CommitAnswer, { status: 'committed' }>,
  folded: Folded,
  problems: ReadonlyMap<number, AppError>,
): Written {
  const results = new Map(answer.results.map((result) => [result.op, result]))
  return {
    seq: answer.seq,
    historyId: answer.historyId,
    replayed: answer.replayed,
    outcomes: folded.commands.map((command, index) => {
      // A replay answers commands that could not be folded any more: they have their own number.
      const op = typeof command === 'number' ? command : index
      const problem = problems.get(index) ?? problems.get(op)
      return results.get(op) ?? problem ?? new AppError('internal', 'a command has no outcome')
    }),
  }
}

/** The answer that this request got before; `null` if it is new. */
async function firstAnswer(
  { graph, services }: GraphContext,
  { commitId, fingerprint }: CommitIdentity,
) {
  const stored = await findAnswer(services.shard(graph.shardId), graph, commitId)
  if (stored && stored.fingerprint !== fingerprint) {
    throw answerError({ status: 'fingerprint_mismatch' })
  }
  return stored?.answer ?? null
}
