import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { EventCatalogue } from '../../../core/log/event-catalogue.ts'
import { checkHead, type LogEvent, PoisonEvent, parseEvent } from '../../../core/log/parse-event.ts'

const event = (parts: Partial<LogEvent> = {}): LogEvent => ({
  seq: 7,
  at: '2026-11-21T09:00:00.000Z',
  kind: 'thing.renamed',
  schemaVersion: null,
  subjectId: null,
  type: 'thing',
  fromId: null,
  toId: null,
  externalId: null,
  actor: 'user:test',
  requestId: 'test',
  before: null,
  after: { name: 'Ada Lovelace' },
  ...parts,
})

/** Three forms: one name, then two, then a list. */
const CATALOGUE: EventCatalogue = {
  'thing.renamed': {
    about: 'A thing has another name.',
    forms: [
      {
        version: 1,
        before: z.null(),
        after: z.looseObject({ name: z.string() }),
        upcast: ({ before, after }) => {
          const [first, last] = z.object({ name: z.string() }).parse(after).name.split(' ')
          return { before, after: { first, last } }
        },
      },
      {
        version: 2,
        before: z.null(),
        after: z.object({ first: z.string(), last: z.string() }),
        upcast: ({ before, after }) => ({
          before,
          after: { names: Object.values(after as object) },
        }),
      },
      { version: 3, before: z.null(), after: z.object({ names: z.array(z.string()) }) },
    ],
  },
}

describe('an event', () => {
  it.each([
    [null, { name: 'Ada Lovelace' }],
    [1, { name: 'Ada Lovelace' }],
    [2, { first: 'Ada', last: 'Lovelace' }],
    [3, { names: ['Ada', 'Lovelace'] }],
  ])('of form %s comes in the newest form', (schemaVersion, after) => {
    expect(parseEvent(event({ schemaVersion, after }), CATALOGUE)).toMatchObject({
      schemaVersion: 3,
      after: { names: ['Ada', 'Lovelace'] },
    })
  })

  it.each([
    ['of an unknown kind', { kind: 'thing.lost' }, 'thing.lost is no kind of event'],
    ['of a kind that every object has', { kind: 'constructor' }, 'is no kind of event'],
    ['of an unknown form', { schemaVersion: 4 }, 'thing.renamed has no form 4'],
    ['not in its form', { after: { name: 3 } }, 'not as form 1 has it: after.name'],
    ['that cannot be brought on', { after: { name: 'Ada' } }, 'not as form 2 has it: after.last'],
  ])('%s is poison, and says why without its values', (_title, parts, reason) => {
    const parse = () => parseEvent(event(parts), CATALOGUE)
    expect(parse).toThrow(PoisonEvent)
    expect(parse).toThrow(`event 7: `)
    expect(parse).toThrow(reason)
    expect(parse).not.toThrow(/Ada/)
  })

  it('whose images nobody reads is looked at for kind and form alone', () => {
    const odd = event({ after: 'nonsense' })
    expect(checkHead(odd, CATALOGUE)).toBe(odd)
    expect(() => checkHead(event({ schemaVersion: 9 }), CATALOGUE)).toThrow('has no form 9')
  })
})
