import { UserError } from './user-error.ts'

export type Answer = { readonly status: number; readonly body: unknown }

/** One JSON request to the local server, as the holder of `token`; POST when there is a body. */
export async function callApi(
  baseUrl: string,
  path: string,
  options: { readonly token?: string; readonly body?: object } = {},
): Promise<Answer> {
  const response = await fetch(`${baseUrl}${path}`, {
    method: options.body ? 'POST' : 'GET',
    headers: {
      'content-type': 'application/json',
      ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
    },
    ...(options.body ? { body: JSON.stringify(options.body) } : {}),
  })
  return { status: response.status, body: await response.json() }
}

/** The answer's text field `name`; throws a UserError that says what the server said instead. */
export function textField(answer: Answer, path: string, name: string): string {
  const { status, body } = answer
  if (typeof body === 'object' && body !== null) {
    const value: unknown = Reflect.get(body, name)
    if (typeof value === 'string') return value
  }
  throw new UserError(`The server answered ${status} to ${path}: ${JSON.stringify(body)}`)
}
