import { AppError, type FieldError, invalid, notFound } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Kind } from '../../core/log/commands.ts'
import { readTags } from '../../core/log/read-tags.ts'
import type { TypeDefinition } from '../../core/log/records.ts'
import type { CommitAnswer } from '../../core/log/requests.ts'
import { schemaProblem } from '../../core/types/graph-schema.ts'
import { listTypes } from '../../db/queries/types.ts'
import type { GraphContext } from '../context.ts'
import { commitIdentity } from './commit-ids.ts'
import { graphOperation } from './define.ts'
import { jsonSchemaProblems } from './json-schema-problems.ts'
import { readValue } from './read-graph.ts'
import { type Answer, answer, bookmarkOf } from './records.ts'
import { answerError, refusalError } from './refusals.ts'
import { forgetSchema, loadSchema } from './schema.ts'

type Definition = { readonly kind: Kind; readonly name: string; readonly jsonSchema: JsonObject }

export const findTypes = graphOperation('graph.read', async (context, _input: null) => {
  const read = await readTypes(context)
  return answer(context, read.value.types, read)
})

export const readType = graphOperation(
  'graph.read',
  async (context, { kind, name }: Pick<Definition, 'kind' | 'name'>) => {
    const read = await readTypes(context)
    const type = read.value.types.find((each) => each.kind === kind && each.name === name)
    if (!type) throw notFound('this type')
    return answer(context, type, read)
  },
)

function readTypes(context: GraphContext) {
  const { services, graph } = context
  return readValue(context, {
    ...{ kind: 'types', name: 'all', tags: readTags.types },
    load: () => listTypes(services.shard(graph.shardId), graph),
  })
}

/** Defines a type: from then on every write of a record of it is checked against its JSON Schema. */
export const defineType = graphOperation(
  'graph.define',
  async (context, definition: Definition): Promise<Answer<TypeDefinition>> => {
    const problems = schemaProblems(definition.jsonSchema)
    if (problems.length > 0) throw invalid(problems)
    const committed = await commitDefinition(context, definition)
    const [done] = committed.results
    if (!done || !('outcome' in done)) throw notFound('this type')
    return {
      value: {
        kind: definition.kind,
        name: definition.name,
        json_schema: definition.jsonSchema,
        version: done.version,
        created_at: done.createdAt,
        updated_at: done.updatedAt,
      },
      bookmark: bookmarkOf(context, committed),
      replayed: committed.replayed,
    }
  },
)

function schemaProblems(jsonSchema: JsonObject): FieldError[] {
  const inside = jsonSchemaProblems(jsonSchema)
  if (inside.length > 0) {
    return inside.map(({ pointer, message }) => ({ pointer: `/json_schema${pointer}`, message }))
  }
  const problem = schemaProblem(jsonSchema)
  return problem ? [{ pointer: '/json_schema', message: problem }] : []
}

/** Defined types of one graph: every isolate that writes to it holds them all. */
const MAX_TYPES = 500

/** How often a definition is sent again because another one came between. */
const MAX_ATTEMPTS = 10

async function commitDefinition(
  context: GraphContext,
  definition: Definition,
): Promise<Extract<CommitAnswer, { status: 'committed' }>> {
  const { graph, principal, services, requestId } = context
  const identity = await commitIdentity(context, `${graph.graphId}|${principal.actor}`)
  const { validators } = await loadSchema(context)
  if (validators.size >= MAX_TYPES) {
    throw new AppError('conflict', `a graph may have at most ${MAX_TYPES} defined types`)
  }
  for (let attempt = 1; ; attempt += 1) {
    const { schemaSeq } = await loadSchema(context)
    const answer = await services.commit(graph, {
      ...identity,
      atomic: true,
      schemaSeq,
      actor: principal.actor,
      requestId,
      entities: [],
      relationships: [],
      types: [{ op: 0, action: 'define', ...definition }],
    })
    forgetSchema(context)
    if (answer.status === 'committed') return answer
    if (answer.status === 'refused') throw refusalError(answer.refusals, null, [])
    if (answer.status !== 'schema_moved' || attempt >= MAX_ATTEMPTS) throw answerError(answer)
  }
}
