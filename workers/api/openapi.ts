import type { App } from './endpoint.ts'

let text: string | null = null

/** The OpenAPI 3.1 description of every route as JSON, generated from their schemas once per isolate. */
export function openApiText(app: App): string {
  text ??= JSON.stringify(openApiDocument(app))
  return text
}

function openApiDocument(app: App) {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key (`tendril_live_…`) or an access token from `/auth/login`.',
  })
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Tendril',
      version: '0.1.0',
      description:
        'A graph of entities and relationships per tenant, written through one ordered log per graph. ' +
        'Paths like `/api/v1/entities` are short for the graph `default`.',
      license: { name: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
  })
}
