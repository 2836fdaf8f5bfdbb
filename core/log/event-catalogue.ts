import { z } from 'zod'
import type { GraphEventKind } from './events.ts'

/** One form that the images of a kind of event have had. The first form is version 1. */
export type EventForm = {
  readonly version: number
  /** What the record was; `z.null()` where there was none. */
  readonly before: z.ZodType
  /** What it became; `z.null()` where it is gone. */
  readonly after: z.ZodType
  /** Brings images of this form into the next one. Absent for the newest. */
  readonly upcast?: (images: EventImages) => EventImages
}

export type EventImages = { readonly before: unknown; readonly after: unknown }

export type CataloguedKind = {
  /** What has happened, in a sentence. */
  readonly about: string
  /** All forms that may be in a log, the newest last. */
  readonly forms: readonly EventForm[]
}

export type EventCatalogue = Readonly<Record<string, CataloguedKind>>

const location = z.looseObject({ lat: z.number(), lon: z.number() })

const times = {
  created_at: z.string().describe('RFC 3339'),
  updated_at: z.string().describe('RFC 3339'),
}

const version = z.int().describe('Seq of the event that left the record so')

const record = z.looseObject({
  version,
  external_id: z.string().nullable(),
  name: z.string().nullable().describe('Of entities; null for relationships'),
  location: location.nullable().describe('Of entities; null for relationships'),
  properties: z.record(z.string(), z.unknown()),
  ...times,
  erased_bytes: z
    .int()
    .optional()
    .describe('Only where the content is erased, and everything in it null or empty: bytes it had'),
})

const definition = z.looseObject({
  kind: z.enum(['entity', 'relationship']),
  version,
  json_schema: z.record(z.string(), z.unknown()),
  change: z.record(z.string(), z.unknown()).nullable().describe('A narrower schema on its way in'),
  indexes: z.array(z.looseObject({ id: z.string(), name: z.string(), status: z.string() })),
  ...times,
})

const none = z.null()

const once = (about: string, before: z.ZodType, after: z.ZodType): CataloguedKind => ({
  about,
  forms: [{ version: 1, before, after }],
})

/**
 * What every kind of event of a graph's log looks like, in all forms that were ever written. A new form
 * is added at the end, with an `upcast` on the one before: the log itself is never rewritten, but for
 * images that are blanked when their record is erased. They keep to their form.
 */
export const EVENT_CATALOGUE: Readonly<Record<GraphEventKind, CataloguedKind>> = {
  'entity.created': once('An entity was created.', none, record),
  'entity.updated': once('An entity was changed.', record, record),
  'entity.deleted': once(
    'An entity was deleted; its relationships have events of their own.',
    record,
    none,
  ),
  'relationship.created': once('A relationship was created.', none, record),
  'relationship.updated': once('A relationship was changed.', record, record),
  'relationship.deleted': once(
    'A relationship was deleted, by itself or with an entity that it began or ended at.',
    record,
    none,
  ),
  'type.defined': once('A type was defined.', none, definition),
  'type.changing': once(
    'A narrower schema, perhaps the first, binds new records; those that are there are being checked.',
    definition.nullable(),
    definition,
  ),
  'type.changed': once('A type has another schema or other indexes.', definition, definition),
  'type.change_refused': once(
    'Some record is not as the narrower schema wants it: the former schema goes on alone.',
    definition,
    definition,
  ),
  'type.removed': once('A type was removed.', definition, none),
  'type.indexed': once('An index holds every record of the type.', definition, definition),
  'cache.purged': once(
    'Cached values that depend on a tag, which stands in `type`, are read anew. No record has changed.',
    none,
    none,
  ),
  'record.erased': once(
    'What the log said of a deleted entity and of its relationships is erased. The images of earlier events are blank.',
    none,
    z.looseObject({ reason: z.string().nullable().describe('As whoever erased it gave it') }),
  ),
}
