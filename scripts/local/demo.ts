import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { callApi, textField } from './api-call.ts'
import { writePrivate } from './private-file.ts'

const demo = z.object({
  email: z.string(),
  password: z.string(),
  apiKey: z.string(),
  /** Whether the sample graph is in it, whole. */
  hasSample: z.boolean(),
})

/** The tenant that `npm start` makes, so that there is something to try. */
export type Demo = z.infer<typeof demo>

/** Resolves with the tenant kept in `file`, given a new key if it needs one, or with a new tenant. */
export async function demoTenant(baseUrl: string, file: string): Promise<Demo> {
  const kept = read(file)
  if (kept && (await works(baseUrl, kept.apiKey))) return kept
  const renewed = kept && (await renewKey(baseUrl, kept))
  const current = renewed ?? (await create(baseUrl))
  writePrivate(file, current)
  return current
}

/** Remembers that the sample graph is loaded. */
export function markSampleLoaded(file: string, tenant: Demo): Demo {
  const marked = { ...tenant, hasSample: true }
  writePrivate(file, marked)
  return marked
}

async function works(baseUrl: string, apiKey: string): Promise<boolean> {
  const { status } = await callApi(baseUrl, '/api/v1/entities?limit=1', { token: apiKey })
  return status === 200
}

async function renewKey(baseUrl: string, kept: Demo): Promise<Demo | undefined> {
  const { email, password } = kept
  const answer = await callApi(baseUrl, '/api/v1/auth/login', { body: { email, password } })
  // The database is another one than the one this tenant was made in.
  if (answer.status === 401) return undefined
  const token = textField(answer, '/api/v1/auth/login', 'access_token')
  return { ...kept, apiKey: await createKey(baseUrl, token) }
}

async function create(baseUrl: string): Promise<Demo> {
  const email = `demo-${randomBytes(3).toString('hex')}@example.com`
  const password = randomBytes(12).toString('base64url')
  const path = '/api/v1/auth/register'
  const answer = await callApi(baseUrl, path, { body: { tenant_name: 'Demo', email, password } })
  const token = textField(answer, path, 'access_token')
  return { email, password, apiKey: await createKey(baseUrl, token), hasSample: false }
}

async function createKey(baseUrl: string, token: string): Promise<string> {
  const body = { name: 'npm start', role: 'admin' }
  return textField(await callApi(baseUrl, '/api/v1/keys', { token, body }), '/api/v1/keys', 'key')
}

function read(file: string): Demo | undefined {
  try {
    return demo.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    // The first start, or a file that somebody edited: a new tenant costs nothing.
    return undefined
  }
}
