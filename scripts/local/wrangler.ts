import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..', '..')

/** The program to run with `process.execPath`. */
export const WRANGLER = join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js')

/** The environment for a wrangler that keeps to itself: no metrics, reports or logs elsewhere. */
export function wranglerEnv(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    WRANGLER_WRITE_LOGS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    // Where in the world a request came from is nothing that a local server could know.
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  }
}
