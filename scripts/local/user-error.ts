/**
 * A failure the person at the terminal can act on: the message is one plain sentence that says
 * what to do, so whoever catches it prints the message and no stack.
 */
export class UserError extends Error {
  override readonly name = 'UserError'
}
