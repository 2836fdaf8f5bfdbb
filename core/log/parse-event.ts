import { EVENT_CATALOGUE, type EventCatalogue, type EventForm } from './event-catalogue.ts'

/** What names an event and its form, as every consumer reads it. */
export type EventHead = {
  readonly seq: number
  /** RFC 3339 in UTC. */
  readonly at: string
  readonly kind: string
  /** Form of the images as they are stored; `null`: the first. */
  readonly schemaVersion: number | null
  readonly subjectId: string | null
  readonly type: string | null
  readonly fromId: string | null
  readonly toId: string | null
  readonly externalId: string | null
  readonly actor: string
  readonly requestId: string
}

/** An event with what it changed, in the newest form of its kind. */
export type LogEvent = EventHead & { readonly before: unknown; readonly after: unknown }

/** An event that no attempt will make good: of an unknown kind or form, or not in the form it says. */
export class PoisonEvent extends Error {
  readonly seq: number

  constructor(seq: number, reason: string) {
    super(`event ${seq}: ${reason}`)
    this.name = 'PoisonEvent'
    this.seq = seq
  }
}

/** Throws a `PoisonEvent` for a kind or form that the catalogue does not have. */
export function checkHead<E extends EventHead>(
  event: E,
  catalogue: EventCatalogue = EVENT_CATALOGUE,
): E {
  formsOf(event, catalogue)
  return event
}

/** The event with its images checked and brought into the newest form. Throws a `PoisonEvent`. */
export function parseEvent(event: LogEvent, catalogue: EventCatalogue = EVENT_CATALOGUE): LogEvent {
  const [stored, ...newer] = formsOf(event, catalogue)
  if (!stored) throw new PoisonEvent(event.seq, 'has no form')
  let images = checkImages(event, stored, event)
  let form = stored
  for (const next of newer) {
    if (!form.upcast) throw new PoisonEvent(event.seq, `nothing leads from form ${form.version} on`)
    images = checkImages(event, next, form.upcast(images))
    form = next
  }
  return { ...event, ...images, schemaVersion: form.version }
}

/** The form that the event is stored in, and all newer ones. */
function formsOf(event: EventHead, catalogue: EventCatalogue): readonly EventForm[] {
  const kind = Object.hasOwn(catalogue, event.kind) ? catalogue[event.kind] : undefined
  if (!kind) throw new PoisonEvent(event.seq, `${event.kind} is no kind of event`)
  const version = event.schemaVersion ?? 1
  const first = kind.forms.findIndex((form) => form.version === version)
  if (first < 0) throw new PoisonEvent(event.seq, `${event.kind} has no form ${version}`)
  return kind.forms.slice(first)
}

function checkImages(
  { seq, kind }: EventHead,
  form: EventForm,
  images: { readonly before: unknown; readonly after: unknown },
) {
  const before = form.before.safeParse(images.before)
  const after = form.after.safeParse(images.after)
  const issues = [
    ...(before.error?.issues ?? []).map(({ path }) => ['before', ...path].join('.')),
    ...(after.error?.issues ?? []).map(({ path }) => ['after', ...path].join('.')),
  ]
  // Names of fields only: values are a tenant's data.
  if (issues.length > 0) {
    throw new PoisonEvent(
      seq,
      `${kind} is not as form ${form.version} has it: ${issues.join(', ')}`,
    )
  }
  return { before: before.data, after: after.data }
}
