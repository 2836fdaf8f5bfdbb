import type { z } from 'zod'

/** What is wrong where, and never the value: it may be a secret. */
export function describeIssues(error: z.ZodError | undefined): string[] {
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}
