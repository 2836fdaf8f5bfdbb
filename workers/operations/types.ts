import { AppError, type FieldError, invalid, notFound } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { typesTags } from '../../core/log/read-tags.ts'
import { changeType, removeType } from '../../core/types/change-type.ts'
import { indexProblems, type WantedIndex } from '../../core/types/declared-indexes.ts'
import { schemaProblem } from '../../core/types/graph-schema.ts'
import { isSameJson } from '../../core/types/same-json.ts'
import { getType, listTypePage, type TypeName } from '../../db/queries/types.ts'
import { afterWrite } from './after-write.ts'
import { graphOperation } from './define.ts'
import { jsonSchemaProblems } from './json-schema-problems.ts'
import { readValue } from './read-graph.ts'
import { type Answer, answer, bookmarkOf } from './records.ts'
import { refusal } from './refusals.ts'
import { type Settled, settleType } from './settle-type.ts'
import { type TypeView, typeView } from './type-view.ts'
import { writeType } from './write-type.ts'

export const findTypes = graphOperation(
  'graph.read',
  async (context, page: { readonly after: TypeName | null; readonly limit: number }) => {
    const { services, graph } = context
    const read = await readValue(context, {
      ...{ kind: 'types', name: `page:${JSON.stringify(page)}`, ...PROGRESSING },
      load: () => listTypePage(services.shard(graph.shardId), graph, page),
    })
    const { items, next } = read.value
    return answer(context, { items: items.map(typeView), next }, read)
  },
)

export const readType = graphOperation(
  'graph.read',
  async (context, name: TypeName): Promise<Answer<TypeView>> => {
    const { services, graph } = context
    const read = await readValue(context, {
      ...{ kind: 'types', name: `${name.kind}:${name.name}`, ...PROGRESSING },
      load: () => getType(services.shard(graph.shardId), graph, name),
    })
    if (!read.value.found) throw notFound('this type')
    return answer(context, typeView(read.value.found), read)
  },
)

/** How far a task of a type is, its log does not say: so types are shown as they are in the tables. */
const PROGRESSING = { isUncached: true, tags: typesTags }

export type Definition = TypeName & {
  readonly jsonSchema: JsonObject
  /** `null`: those there are. */
  readonly indexes: readonly WantedIndex[] | null
}

type IfVersion = {
  /** The version the caller saw; `null` means whatever it is now. */
  readonly ifVersion: number | null
}

/** What became of a definition: whether it made the type, and whether its schema is in force yet. */
export type Defined = Answer<TypeView> & Pick<Settled, 'status'> & { readonly isNew: boolean }

/** Defined types of one graph: every isolate that writes to it holds them all. */
const MAX_TYPES = 500

/** Defines a type: from then on every write of a record of it is checked against its JSON Schema. */
export const defineType = graphOperation(
  'graph.define',
  async (context, definition: Definition): Promise<Defined> => {
    checkDefinition(definition)
    return define(context, definition, (current) => {
      if (current) throw new AppError('type_exists', 'this type is defined already')
    })
  },
)

/** The same for a type that may be defined already: then it becomes what is asked for. */
export const putType = graphOperation(
  'graph.define',
  async (context, { ifVersion, ...definition }: Definition & IfVersion): Promise<Defined> => {
    checkDefinition(definition)
    return define(context, definition, (current) => checkVersion(current, ifVersion))
  },
)

/** Ends a definition: its records stay, and may have any properties. */
export const deleteType = graphOperation(
  'graph.define',
  async (context, { ifVersion, ...name }: TypeName & IfVersion): Promise<Answer<null>> => {
    const done = await writeType(context, name, ({ found }) => {
      if (!found) throw notFound('this type')
      checkVersion(found.type, ifVersion)
      return [removeType(found.type)]
    })
    if (!done.isReplayed) await afterWrite(() => settleType(context, name, done.version))
    return { value: null, bookmark: bookmarkOf(context, done), replayed: done.isReplayed }
  },
)

async function define(
  context: Parameters<typeof writeType>[0],
  { kind, name, jsonSchema, indexes }: Definition,
  check: (current: { readonly version: number } | null) => void,
): Promise<Defined> {
  const wanted = { json_schema: jsonSchema, indexes }
  const typeName = { kind, name }
  const done = await writeType(context, typeName, ({ found, count }) => {
    check(found?.type ?? null)
    if (!found && count >= MAX_TYPES) {
      throw new AppError('conflict', `a graph may have at most ${MAX_TYPES} defined types`)
    }
    return changeType(found?.type ?? null, wanted, context.services.newId)
  })
  const settled = await afterWrite(() => settleType(context, typeName, done.version))
  if (settled.status === 'refused') throw violated(settled)
  const asked = settled.found?.type.change?.json_schema ?? settled.found?.type.json_schema
  if (!settled.found || !isSameJson(asked, jsonSchema)) {
    throw new AppError('conflict', 'the new schema was called off by another request')
  }
  return {
    value: typeView(settled.found),
    bookmark: bookmarkOf(context, settled),
    replayed: done.isReplayed,
    status: settled.status,
    isNew: done.isNew,
  }
}

function checkVersion(
  current: { readonly version: number } | null,
  ifVersion: number | null,
): void {
  if (ifVersion === null || current?.version === ifVersion) return
  throw refusal({
    op: 0,
    refused: 'version_mismatch',
    ...(current ? { version: current.version } : {}),
  })
}

function violated({ found }: Settled): AppError {
  const change = found?.type.change
  const examples = change?.status === 'refused' ? change.examples : []
  const message = 'records of this type are not as the new schema wants them; see examples'
  return new AppError('type_violated', message, { examples })
}

function checkDefinition({ kind, jsonSchema, indexes }: Definition): void {
  const problems = [
    ...schemaProblems(jsonSchema),
    ...indexProblems(kind, indexes ?? []).map(({ pointer, message }) => ({
      pointer: `/indexes${pointer}`,
      message,
    })),
  ]
  if (problems.length > 0) throw invalid(problems)
}

function schemaProblems(jsonSchema: JsonObject): FieldError[] {
  const inside = jsonSchemaProblems(jsonSchema)
  if (inside.length > 0) {
    return inside.map(({ pointer, message }) => ({ pointer: `/json_schema${pointer}`, message }))
  }
  const problem = schemaProblem(jsonSchema)
  return problem ? [{ pointer: '/json_schema', message: problem }] : []
}
