import type { Bytes } from '../reply.ts'

/**
 * Whether a name matches a pattern of KEYS, SCAN and the like: `*`, `?`, `[abc]`, `[a-z]`, `[^a]`,
 * and a backslash before what is meant literally.
 */
export function globMatcher(pattern: Bytes): (name: Bytes) => boolean {
  if (pattern === '*') return () => true
  const expression = new RegExp(`^${translate(pattern)}$`, 's')
  return (name) => expression.test(name)
}

function translate(pattern: Bytes): string {
  let out = ''
  let i = 0
  while (i < pattern.length) {
    const character = pattern.charAt(i++)
    if (character === '*') {
      // Several stars in a row match what one does, and would make the search slow.
      while (pattern.charAt(i) === '*') i++
      out += '.*'
    } else if (character === '?') {
      out += '.'
    } else if (character === '[') {
      const set = readSet(pattern, i)
      out += set.source
      i = set.end
    } else if (character === '\\' && i < pattern.length) {
      out += literal(pattern.charAt(i++))
    } else {
      out += literal(character)
    }
  }
  return out
}

/** What stands in brackets; one that is never closed reaches to the end. */
function readSet(pattern: Bytes, start: number): { source: string; end: number } {
  let i = start
  const isNegated = pattern.charAt(i) === '^'
  if (isNegated) i++
  let members = ''
  while (i < pattern.length && pattern.charAt(i) !== ']') {
    if (pattern.charAt(i) === '\\' && i + 1 < pattern.length) {
      members += literal(pattern.charAt(i + 1))
      i += 2
    } else if (pattern.charAt(i + 1) === '-' && i + 2 < pattern.length) {
      const ends = [pattern.charAt(i), pattern.charAt(i + 2)].sort()
      members += ends.map(literal).join('-')
      i += 3
    } else {
      members += literal(pattern.charAt(i++))
    }
  }
  // An empty set matches nothing, a negated empty one everything.
  return { source: `[${isNegated ? '^' : ''}${members}]`, end: i + 1 }
}

function literal(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}
