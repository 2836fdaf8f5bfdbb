import { AppError, type FieldError, invalid } from '../../core/errors.ts'
import { type Command, MAX_COMMANDS } from '../../core/log/commands.ts'
import { type FindCurrent, type Folded, fold } from '../../core/log/fold.ts'
import type { CommitAnswer, GraphRequest, OpRefused, OpResult } from '../../core/log/requests.ts'
import { type GraphSchema, validateProperties } from '../../core/types/graph-schema.ts'
import { findAnswer } from '../../db/queries/events.ts'
import type { GraphContext } from '../context.ts'
import { type CommitIdentity, commitIdentity } from './commit-ids.ts'
import { readCurrent } from './current.ts'
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
  readonly folded: Folded
}

export type WriteOptions = {
  /** `false`: a command that is refused leaves the others be. Default `true`: all or nothing. */
  readonly atomic?: boolean
}

/**
 * How often a write is prepared anew because the graph's types or a patched record changed between
 * the read and the commit. Every time another writer has got ahead, so this is a bound on fairness.
 */
const MAX_ATTEMPTS = 50

/**
 * The write path of every command on records: read what patches build on, fold, validate against the
 * types, commit, and start over when any of it was overtaken. Throws an `AppError` when the request
 * is refused as a whole.
 */
export async function write(
  context: GraphContext,
  commands: readonly Command[],
  options: WriteOptions = {},
): Promise<Written> {
  if (commands.length > MAX_COMMANDS) {
    throw invalid([{ pointer: '', message: `at most ${MAX_COMMANDS} commands` }])
  }
  const atomic = options.atomic ?? true
  const identity = await commitIdentity(
    context,
    `${context.graph.graphId}|${context.principal.actor}`,
  )
  for (let attempt = 1; ; attempt += 1) {
    const prepared = await prepare(context, commands, atomic, identity)
    if ('replay' in prepared) return prepared.replay
    const { folded, request } = prepared
    const answer = await context.services.commit(context.graph, request)
    const overtaken =
      answer.status === 'schema_moved' ||
      (answer.status === 'refused' && isOvertaken(answer.refusals, folded, commands))
    if (overtaken && attempt < MAX_ATTEMPTS) {
      if (answer.status === 'schema_moved') forgetSchema(context)
      continue
    }
    return written(answer, folded, commands)
  }
}

type Prepared =
  | { readonly folded: Folded; readonly request: GraphRequest }
  | { readonly replay: Written }

async function prepare(
  context: GraphContext,
  commands: readonly Command[],
  atomic: boolean,
  identity: CommitIdentity,
): Promise<Prepared> {
  const [schema, findCurrent] = await Promise.all([
    loadSchema(context),
    readCurrent(context, commands),
  ])
  const { folded, problems } = validated(commands, schema, findCurrent)
  if (atomic && problems.size > 0) {
    // What is wrong now may have been right when this request was first made.
    const replay = context.idempotency && (await replayed(context, identity, folded))
    if (replay) return { replay }
    throw combined(problems, commands.length)
  }
  const isFine = ({ op }: { op: number }) => !problems.has(op)
  return {
    folded: {
      ...folded,
      commands: folded.commands.map(
        (command, i) => problems.get(i) ?? problems.get(numberOr(command)) ?? command,
      ),
    },
    request: {
      ...identity,
      atomic,
      schemaSeq: schema.schemaSeq,
      actor: context.principal.actor,
      requestId: context.requestId,
      entities: folded.entities.filter(isFine),
      relationships: folded.relationships.filter(isFine),
      types: [],
    },
  }
}

/** Folds, and finds everything wrong that can be told without the log, by command. */
function validated(
  commands: readonly Command[],
  schema: GraphSchema,
  findCurrent: FindCurrent,
): { folded: Folded; problems: Map<number, AppError> } {
  const folded = fold(commands, findCurrent)
  const problems = new Map<number, AppError>()
  folded.commands.forEach((command, index) => {
    if (command instanceof AppError) problems.set(index, command)
  })
  for (const { op, kind, type, content } of folded.writes) {
    if (type === null) continue
    const errors = validateProperties(schema, kind, type, content.properties)
    if (errors.length > 0) problems.set(op, invalid(errors))
  }
  return { folded, problems }
}

function numberOr(command: number | AppError): number {
  return typeof command === 'number' ? command : -1
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

/** Whether nothing stood in the way but a record that changed since a patch read it. */
function isOvertaken(
  refusals: readonly OpRefused[],
  folded: Folded,
  commands: readonly Command[],
): boolean {
  return refusals.every(({ op, refused }) => {
    const command = commands[folded.commands.indexOf(op)]
    return (
      refused === 'version_mismatch' && command?.action === 'patch' && command.ifVersion === null
    )
  })
}

function written(answer: CommitAnswer, folded: Folded, commands: readonly Command[]): Written {
  if (answer.status === 'refused') throw refusalError(answer.refusals, folded, commands)
  if (answer.status !== 'committed') throw answerError(answer)
  const byOp = new Map(answer.results.map((result) => [result.op, result]))
  return {
    seq: answer.seq,
    historyId: answer.historyId,
    replayed: answer.replayed,
    folded,
    outcomes: folded.commands.map((command) => {
      if (command instanceof AppError) return command
      return byOp.get(command) ?? new AppError('internal', 'the log gave no answer for a command')
    }),
  }
}

async function replayed(
  context: GraphContext,
  { commitId, fingerprint }: CommitIdentity,
  folded: Folded,
): Promise<Written | null> {
  const { graph, services } = context
  const stored = await findAnswer(services.shard(graph.shardId), graph, commitId)
  if (!stored) return null
  if (stored.fingerprint !== fingerprint) throw answerError({ status: 'fingerprint_mismatch' })
  const { seq, historyId, results } = stored.answer
  return { seq, historyId, replayed: true, folded, outcomes: results }
}
