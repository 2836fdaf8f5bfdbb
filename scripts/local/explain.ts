import { UserError } from './user-error.ts'

/** One sentence for the person at the terminal, and whether there is more to know in a stack. */
export function explain(error: unknown): { readonly text: string; readonly isKnown: boolean } {
  if (error instanceof UserError) return { text: error.message, isKnown: true }
  const known = fromSystem(error)
  if (known !== undefined) return { text: known, isKnown: true }
  const reason = error instanceof Error ? error.message : String(error)
  return { text: `Something unexpected happened: ${reason}`, isKnown: false }
}

function fromSystem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, path = 'a file' }: NodeJS.ErrnoException = error
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return (
        `This user may not use ${path} (${code}): change who owns it, or set TENDRIL_DIR to ` +
        'another folder.'
      )
    case 'ENOSPC':
      return 'The disk is full.'
    case 'ENOTDIR':
    case 'EEXIST':
      return `${path} is in the way: a folder is needed there.`
    default:
      return undefined
  }
}
