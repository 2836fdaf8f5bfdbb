import { unstable_readConfig } from 'wrangler'
import { z } from 'zod'
import { BINDINGS, VARIABLES } from '../../env.ts'
import { describeIssues } from './describe-issues.ts'

// What is read here of wrangler's own view of the file.
const config = z.looseObject({
  name: z.string().optional(),
  vars: z.record(z.string(), z.unknown()).default({}),
  durable_objects: z.looseObject({ bindings: z.array(z.looseObject({ name: z.string() })) }),
  assets: z.looseObject({ binding: z.string().optional() }).optional(),
  r2_buckets: z.array(z.looseObject({ binding: z.string(), bucket_name: z.string() })).default([]),
})

export type WorkerConfig = {
  readonly name: string | null
  /** Every name that the file binds, but for variables. */
  readonly bindings: readonly string[]
  readonly vars: Readonly<Record<string, unknown>>
}

/** Reads wrangler.toml. Throws wrangler's own error where it is no such file. */
export function readWorkerConfig(path: string): WorkerConfig {
  const { name, vars, durable_objects, assets, r2_buckets } = config.parse(
    unstable_readConfig({ config: path }, { hideWarnings: true }),
  )
  return {
    name: name ?? null,
    bindings: [
      ...durable_objects.bindings.map((binding) => binding.name),
      ...(assets?.binding ? [assets.binding] : []),
      ...r2_buckets.map(({ binding }) => binding),
    ],
    vars,
  }
}

/** Where wrangler.toml and env.ts disagree. */
export function configProblems({ bindings, vars }: WorkerConfig): string[] {
  const missing = Object.keys(BINDINGS).filter((name) => !bindings.includes(name))
  const unknown = bindings.filter((name) => !(name in BINDINGS))
  const unknownVars = Object.keys(vars).filter((name) => !(name in VARIABLES))
  const parsed = z.object(VARIABLES).safeParse(vars)
  return [
    ...missing.map((name) => `wrangler.toml does not bind ${name}, which env.ts asks for`),
    ...unknown.map((name) => `wrangler.toml binds ${name}, of which env.ts knows nothing`),
    ...unknownVars.map((name) => `[vars] of wrangler.toml has ${name}, which is no variable`),
    ...describeIssues(parsed.error).map((issue) => `[vars] of wrangler.toml: ${issue}`),
  ]
}
