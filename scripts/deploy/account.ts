import { z } from 'zod'
import type { Variables } from '../migrate/owner-settings.ts'
import type { Wrangler, WranglerRun } from './wrangler-cli.ts'

/** What Cloudflare says of the account. */
export type Account = {
  readonly problems: readonly string[]
  /** Names of the secrets that the Worker has; `null`: nobody can tell yet. */
  readonly secrets: readonly string[] | null
}

const whoami = z.looseObject({
  loggedIn: z.boolean(),
  accounts: z.array(z.looseObject({ id: z.string(), name: z.string() })).default([]),
})
const secretList = z.array(z.looseObject({ name: z.string() }))

/** What has to be on the account before the worker is uploaded. */
export type Needed = { readonly queues: readonly string[]; readonly buckets: readonly string[] }

/** Asks Cloudflare who we are, what we have, and which secrets the Worker has. Changes nothing. */
export async function readAccount(
  wrangler: Wrangler,
  variables: Variables,
  needed: Needed,
): Promise<Account> {
  const account = await readSecrets(wrangler, variables)
  if (account.problems.length > 0) return account
  return { ...account, problems: await missing(wrangler, needed) }
}

/** wrangler itself would name one of them per attempt, after the databases were migrated. */
async function missing(wrangler: Wrangler, { queues, buckets }: Needed): Promise<string[]> {
  const all = [
    ...queues.map((name) => ({ kind: 'queue', command: ['queues'], name })),
    ...buckets.map((name) => ({ kind: 'R2 bucket', command: ['r2', 'bucket'], name })),
  ]
  const problems = await Promise.all(
    all.map(async ({ kind, command, name }) => {
      const run = await wrangler([...command, 'info', name])
      if (run.code === 0) return []
      const create = `npx wrangler ${command.join(' ')} create ${name}`
      return [`the ${kind} ${name} cannot be found (${firstLine(run)}); to make it: ${create}`]
    }),
  )
  return problems.flat()
}

async function readSecrets(wrangler: Wrangler, variables: Variables): Promise<Account> {
  const user = whoami.safeParse(parseJson((await wrangler(['whoami', '--json'])).stdout))
  if (!user.data?.loggedIn) {
    const how = 'run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN'
    return { problems: [`Cloudflare does not know you: ${how}`], secrets: null }
  }
  const { accounts } = user.data
  if (accounts.length > 1 && !variables.CLOUDFLARE_ACCOUNT_ID) {
    const names = accounts.map(({ id, name }) => `${id} (${name})`).join(', ')
    const problem = `CLOUDFLARE_ACCOUNT_ID is missing, for you have several accounts: ${names}`
    return { problems: [problem], secrets: null }
  }
  const run = await wrangler(['secret', 'list', '--format', 'json'])
  const listed = secretList.safeParse(parseJson(run.stdout))
  if (run.code === 0 && listed.data) {
    return { problems: [], secrets: listed.data.map(({ name }) => name) }
  }
  if (isUnknownWorker(run)) {
    // A deploy button may make the Worker and set its secrets after this first build of it.
    return { problems: [], secrets: variables.WORKERS_CI ? null : [] }
  }
  return {
    problems: [`the secrets of the Worker cannot be listed: ${firstLine(run)}`],
    secrets: null,
  }
}

function isUnknownWorker({ stdout, stderr }: WranglerRun): boolean {
  return /Worker "[^"]*".* not found|\b10007\b/.test(stdout + stderr)
}

/** What went wrong, in wrangler's words. */
export function firstLine({ stdout, stderr, code }: WranglerRun): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours of a terminal
  const lines = (stderr || stdout).replaceAll(/\u001b\[[\d;]*m/g, '').split('\n')
  const line = lines.find((each) => /\w/.test(each))
  return line?.replace(/^\W*(\[?ERROR\]?\s*)?/, '').trim() ?? `wrangler ended with code ${code}`
}

function parseJson(text: string): unknown {
  // wrangler may say something before the JSON.
  const start = text.search(/[[{]/)
  try {
    return JSON.parse(text.slice(Math.max(start, 0)))
  } catch {
    // An error message in its place.
    return undefined
  }
}
