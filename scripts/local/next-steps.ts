import { callApi } from './api-call.ts'
import type { Demo } from './demo.ts'

/** What to do with a server that is ready: addresses, a key, and lines to paste into a shell. */
export async function nextSteps(baseUrl: string, demo: Demo): Promise<string> {
  const lines = demo.hasSample ? await sampleLines(baseUrl, demo) : firstLines(baseUrl, demo)
  return `
  API            ${baseUrl}/api/v1
  API reference  ${baseUrl}/reference/
  API key        ${demo.apiKey}

Try these in another terminal:

${lines.map((line) => `  ${line}`).join('\n')}

Ctrl-C stops everything; the data stays.`
}

async function sampleLines(baseUrl: string, demo: Demo): Promise<string[]> {
  const answer = await callApi(baseUrl, '/api/v1/entities/lookup', {
    token: demo.apiKey,
    body: { external_ids: ['SFO'] },
  })
  const id = firstId(answer.body)
  return [
    curl(demo, `${baseUrl}/api/v1/entities?type=airport&name_prefix=San&limit=3`),
    id === undefined
      ? curl(demo, `${baseUrl}/api/v1/relationships?type=route&limit=3`)
      : curl(demo, `${baseUrl}/api/v1/entities/${id}/neighbors?direction=out&limit=3`),
    curl(demo, `${baseUrl}/api/v1/changes?limit=3`),
  ]
}

function firstLines(baseUrl: string, demo: Demo): string[] {
  const body = `-H 'Content-Type: application/json' -d '{"type":"person","name":"Ada Lovelace"}'`
  return [
    `${curl(demo, `${baseUrl}/api/v1/entities`)} ${body}`,
    curl(demo, `${baseUrl}/api/v1/entities?type=person`),
    curl(demo, `${baseUrl}/api/v1/changes`),
  ]
}

function curl({ apiKey }: Demo, url: string): string {
  return `curl '${url}' -H 'Authorization: Bearer ${apiKey}'`
}

/** The id of the first item of a list; undefined when somebody deleted it. */
function firstId(list: unknown): string | undefined {
  if (typeof list !== 'object' || list === null || !('items' in list)) return undefined
  const [first]: readonly unknown[] = Array.isArray(list.items) ? list.items : []
  const id: unknown = typeof first === 'object' && first !== null && Reflect.get(first, 'id')
  return typeof id === 'string' ? id : undefined
}
