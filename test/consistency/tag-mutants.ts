/** A fault put into the shipped code on purpose: the checker has to find it. */
export type Mutant = {
  readonly name: string
  /** From the root of the repository. */
  readonly file: string
  /** Throws when the code is not what it was, so that no mutant turns into nothing unnoticed. */
  readonly change: (source: string) => string
}

const RECORD_TAGS = {
  g: `tag === 'g'`,
  'e:': `tag.startsWith('e:')`,
  't:': `tag.startsWith('t:')`,
  'x:': `tag.startsWith('x:')`,
}
const END_TAGS = {
  'n: of its beginning': 'tag === "n:" + event.fromId',
  'n: of its end': 'tag === "n:" + event.toId',
}

const PAIRS: readonly (readonly [kind: string, tags: Readonly<Record<string, string>>])[] = [
  ...['created', 'updated', 'deleted'].flatMap((verb) => [
    [`entity.${verb}`, RECORD_TAGS] as const,
    [`relationship.${verb}`, { ...RECORD_TAGS, ...END_TAGS }] as const,
  ]),
  ['type.defined', { s: `tag === 's'` }],
]

/** Each pair of an event of a graph and a tag (T4). */
export const TAG_MUTANTS: readonly Mutant[] = PAIRS.flatMap(([kind, tags]) =>
  Object.entries(tags).map(([tag, isTag]) => ({
    name: `T4: ${kind} without ${tag}`,
    file: 'core/log/tags.ts',
    change(source: string) {
      const renamed = source.replace('export function tagsOf', 'function allTagsOf')
      if (renamed === source) throw new Error('core/log/tags.ts has no tagsOf')
      return `${renamed}
export function tagsOf(event: EventHeader): string[] {
  return allTagsOf(event).filter((tag) => !(event.kind === '${kind}' && ${isTag}))
}`
    },
  })),
)
