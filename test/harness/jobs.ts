import type { Answer, Caller } from './api.ts'
import { ownStack } from './own-stack.ts'

export type JobFile = {
  readonly name: string
  readonly content_type: string
  readonly bytes: number
  readonly url: string
  readonly expires_at: string
}

export type Job = {
  readonly id: string
  readonly kind: string
  readonly graph: string | null
  readonly state: string
  readonly progress: {
    readonly done: number
    readonly total: number | null
    readonly unit: string
  }
  readonly attempt: number
  readonly result: Readonly<Record<string, unknown>> | null
  readonly files: readonly JobFile[]
  readonly error: { readonly code: string; readonly message: string } | null
  readonly created_by: string
  readonly finished_at: string | null
}

const ENDS = ['succeeded', 'failed', 'cancelled']

/** The job when it has ended. */
export async function endOf(caller: Caller, id: string): Promise<Job> {
  for (;;) {
    const { status, body } = await caller.request<Job>('GET', `/jobs/${id}`)
    if (status !== 200) throw new Error(`GET /jobs/${id} answered ${status}`)
    if (ENDS.includes(body.state)) return body
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** A file of a job, without any credential. */
export async function download(
  file: Pick<JobFile, 'url'> | undefined,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer<null>> {
  if (!file) throw new Error('the job has no such file')
  const response = await fetch(ownStack().baseUrl + file.url, { method, headers })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: null }
}
