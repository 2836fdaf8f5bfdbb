import type { Mutant } from './tag-mutants.ts'

/** A change of text that is there exactly once. */
export function replacing(name: string, file: string, text: string, by: string): Mutant {
  return {
    name,
    file,
    change(source) {
      const count = source.split(text).length - 1
      if (count !== 1) throw new Error(`${name}: ${file} has ${count} times ${text}`)
      return source.replace(text, () => by)
    },
  }
}
