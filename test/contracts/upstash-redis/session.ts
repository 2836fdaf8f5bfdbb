import { Redis } from '@upstash/redis'
import type { UpstashRest } from '../../../scripts/local/redis/upstash-rest.ts'

export type ClientOptions = {
  readonly token?: string
  readonly automaticDeserialization?: boolean
  readonly responseEncoding?: false
  readonly enableAutoPipelining?: boolean
}

/** One service and clients of it; begun before the tests run, and known to them before. */
export class RedisSession {
  readonly token = 'token-of+the/tests='
  #service: UpstashRest | undefined
  #redis: Redis | undefined

  begin(service: UpstashRest): void {
    this.#service = service
    this.#redis = this.client()
  }

  async end(): Promise<void> {
    await this.#service?.close()
  }

  get url(): string {
    if (this.#service === undefined) throw new Error('the session has not begun')
    return this.#service.url
  }

  /** A client with the defaults of production. */
  get redis(): Redis {
    if (this.#redis === undefined) throw new Error('the session has not begun')
    return this.#redis
  }

  client(options: ClientOptions = {}): Redis {
    return new Redis({
      url: this.url,
      token: this.token,
      enableTelemetry: false,
      // With `false` it tries twice.
      retry: { retries: 0 },
      ...options,
    })
  }

  /** A request as no client of ours would send it. */
  send(path: string, init: RequestInit & { readonly token?: string | null } = {}) {
    const { token = this.token, ...rest } = init
    const headers = new Headers(rest.headers)
    if (token !== null) headers.set('authorization', `Bearer ${token}`)
    return fetch(this.url + path, { ...rest, headers })
  }

  /** One command, answered in plain JSON. */
  async command(...words: (string | number)[]): Promise<unknown> {
    const response = await this.send('/', { method: 'POST', body: JSON.stringify(words) })
    return response.json()
  }
}
