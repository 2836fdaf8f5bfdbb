import { z } from '@hono/zod-openapi'
import type { Context as HonoContext } from 'hono'
import { MAX_LIST_LIMIT } from '../../../core/log/list-query.ts'
import {
  type Defined,
  defineType,
  deleteType,
  findTypes,
  putType,
  readType,
} from '../../operations/types.ts'
import type { AppEnv } from '../context.ts'
import { parseTypeCursor, typeCursor } from '../cursors.ts'
import {
  type App,
  endpoint,
  idempotencyKey,
  jsonBody,
  ok,
  problems,
  securedRoute,
} from '../endpoint.ts'
import { finish, readInteger, readParams } from '../list-params.ts'
import { digestAnswer, graphAnswer, linkNext, noContent, recordAnswer } from '../respond.ts'
import { graphName, kind, listOf, newType, typeDefinition, typeName, typePut } from '../schemas.ts'
import { ifMatch, ifMatchHeader } from './if-match.ts'
import { pageParams } from './list-docs.ts'

const graphParams = z.object({ graph: graphName })
const typeParams = z.object({ graph: graphName, kind, name: typeName })
const base = '/api/v1/graphs/{graph}/types'
const tags = ['Types']

const CHECKS =
  'A schema that takes whatever the former one took is in force at once. A narrower one binds every ' +
  'write first; then the records there are checked. 202: that goes on in the background, see `change`. ' +
  '409 `type_violated`: some are not as it wants them, and the former schema stays.'

const accepted = ok(typeDefinition, 'The records there are being checked: GET tells how far it is')

export function typeRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: base,
      tags,
      summary: 'List the defined types',
      request: { params: graphParams, query: pageParams },
      responses: {
        200: ok(listOf(typeDefinition), 'A page of types, by kind and name'),
        ...problems(400, 404),
      },
    }),
    async (c) => {
      const { searchParams } = new URL(c.req.url)
      const reader = readParams(searchParams, ['cursor', 'limit'])
      const limit = readInteger(reader, 'limit', 50, 1, MAX_LIST_LIMIT)
      finish(reader)
      const cursor = searchParams.get('cursor')
      const after = cursor === null ? null : parseTypeCursor(cursor)
      const { value, ...at } = await findTypes(c.get('context'), { after, limit })
      const next = value.next && typeCursor(value.next)
      linkNext(c, next)
      return digestAnswer(c, { value: { items: value.items, next }, ...at })
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: base,
      tags,
      summary: 'Define a type',
      description:
        'From then on the properties of every record of this type are checked against the JSON Schema. ' +
        `A type that is not defined takes any properties. ${CHECKS}`,
      request: { params: graphParams, headers: idempotencyKey, body: jsonBody(newType) },
      responses: { 201: ok(typeDefinition, 'The type'), 202: accepted, ...problems(404, 409) },
    }),
    async (c) => {
      const { kind, name, ...body } = c.req.valid('json')
      const defined = await defineType(c.get('context'), { kind, name, ...definition(body) })
      c.header('location', `${c.req.path}/${kind}/${encodeURIComponent(name)}`)
      return definedAnswer(c, defined)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: `${base}/{kind}/{name}`,
      tags,
      summary: 'Get a type',
      request: { params: typeParams },
      responses: { 200: ok(typeDefinition, 'The type'), ...problems(404) },
    }),
    async (c) => {
      const { kind, name } = c.req.valid('param')
      const answer = await readType(c.get('context'), { kind, name })
      const isMoving =
        answer.value.change?.status === 'checking' ||
        answer.value.indexes.some(({ status }) => status === 'building')
      // How far work has got changes without a new version, so no version stands for the answer.
      return isMoving ? graphAnswer(c, answer) : recordAnswer(c, answer)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'put',
      path: `${base}/{kind}/{name}`,
      tags,
      summary: 'Define a type, or change it',
      description:
        `${CHECKS} While a schema is being checked, another one is refused with 409; putting the ` +
        'schema in force calls the check off.',
      request: { params: typeParams, headers: ifMatchHeader, body: jsonBody(typePut) },
      responses: {
        200: ok(typeDefinition, 'The type'),
        201: ok(typeDefinition, 'The type, which is new'),
        202: accepted,
        ...problems(404, 409, 412),
      },
    }),
    async (c) => {
      const { kind, name } = c.req.valid('param')
      const body = definition(c.req.valid('json'))
      const ifVersion = ifMatch(c)
      return definedAnswer(c, await putType(c.get('context'), { kind, name, ...body, ifVersion }))
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'delete',
      path: `${base}/{kind}/{name}`,
      tags,
      summary: 'Remove the definition of a type',
      description: 'Its records stay, and may have any properties again. Its indexes go.',
      request: { params: typeParams, headers: ifMatchHeader },
      responses: { 204: { description: 'Removed' }, ...problems(404, 409, 412) },
    }),
    async (c) => {
      const { kind, name } = c.req.valid('param')
      return noContent(c, await deleteType(c.get('context'), { kind, name, ifVersion: ifMatch(c) }))
    },
  )
}

function definition({ json_schema: jsonSchema, indexes }: z.output<typeof typePut>) {
  return {
    jsonSchema,
    indexes: indexes?.map(({ fields = [], ...rest }) => ({ ...rest, fields })) ?? null,
  }
}

/** When to ask again how far a check is. */
const RETRY_AFTER_SECONDS = 10

function definedAnswer(c: HonoContext<AppEnv>, { status, isNew, ...answer }: Defined): Response {
  if (status === 'checking') c.header('retry-after', String(RETRY_AFTER_SECONDS))
  return recordAnswer(c, answer, status === 'checking' ? 202 : isNew ? 201 : 200)
}
