import { z } from '@hono/zod-openapi'
import { defineType, findTypes, readType } from '../../operations/types.ts'
import {
  type App,
  endpoint,
  idempotencyKey,
  jsonBody,
  ok,
  problems,
  securedRoute,
} from '../endpoint.ts'
import { graphAnswer } from '../respond.ts'
import { graphName, kind, listOf, newType, typeDefinition, typeName } from '../schemas.ts'

const graphParams = z.object({ graph: graphName })
const base = '/api/v1/graphs/{graph}/types'
const tags = ['Types']

export function typeRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: base,
      tags,
      summary: 'List the defined types',
      request: { params: graphParams },
      responses: { 200: ok(listOf(typeDefinition), 'All defined types'), ...problems(404) },
    }),
    async (c) => {
      const { value, ...at } = await findTypes(c.get('context'), null)
      return graphAnswer(c, { value: { items: value, next: null }, ...at })
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
        'From then on the properties of every record of this type are checked against the JSON Schema ' +
        '(draft 2020-12). A type that is not defined takes any properties. Define it before its first record.',
      request: { params: graphParams, headers: idempotencyKey, body: jsonBody(newType) },
      responses: { 201: ok(typeDefinition, 'The type'), ...problems(404, 409) },
    }),
    async (c) => {
      const { kind, name, json_schema: jsonSchema } = c.req.valid('json')
      const answer = await defineType(c.get('context'), { kind, name, jsonSchema })
      c.header('location', `${new URL(c.req.url).pathname}/${kind}/${encodeURIComponent(name)}`)
      return graphAnswer(c, answer, 201)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: `${base}/{kind}/{name}`,
      tags,
      summary: 'Get a type',
      request: { params: z.object({ graph: graphName, kind, name: typeName }) },
      responses: { 200: ok(typeDefinition, 'The type'), ...problems(404) },
    }),
    async (c) => {
      const { kind, name } = c.req.valid('param')
      return graphAnswer(c, await readType(c.get('context'), { kind, name }))
    },
  )
}
