// One token of an array literal: a bracket, a comma, a quoted element or a bare one.
const TOKEN = /\s*(?:([{},])|"((?:[^"\\]|\\.)*)"|([^{},"]*[^{},"\s]))\s*/sy

/**
 * Rewrites a PostgreSQL array literal as JSON text, each element by `toJson`. Bounds such as
 * `[0:1]=` are dropped, since JSON has no place for them.
 */
export function parseArrayLiteral(literal: string, toJson: (text: string) => string): string {
  let json = ''
  TOKEN.lastIndex = literal.startsWith('[') ? literal.indexOf('=') + 1 : 0
  while (TOKEN.lastIndex < literal.length) {
    const token = TOKEN.exec(literal)
    if (token === null) throw new Error('PostgreSQL sent an array this cannot read')
    const [, mark, quoted, bare] = token
    if (mark !== undefined) json += mark === '{' ? '[' : mark === '}' ? ']' : ','
    else if (quoted !== undefined) json += toJson(quoted.replaceAll(/\\(.)/gs, '$1'))
    else if (bare !== undefined) json += bare === 'NULL' ? 'null' : toJson(bare)
  }
  return json
}
