import { z } from 'zod'
import { EVENT_CATALOGUE, type EventForm } from '../../core/log/event-catalogue.ts'

const OPENING = `# Events

What a graph's log consists of: what [\`GET /changes\`](api.md) shows, and what [consumers](consumers.md)
read. This page is made from the catalogue that every event is checked against
(\`core/log/event-catalogue.ts\`); \`npm run docs:events\` writes it anew.

Every event has \`seq\` (1, 2, 3 … in its graph, without gaps), \`at\` (RFC 3339, UTC), \`kind\`, \`id\` of the
entity or relationship, \`type\` (of an event of a type: the name of the type), \`from_id\` and \`to_id\` of a
relationship, \`external_id\`, \`actor\`, \`request_id\`, and the images \`before\` and \`after\`.

An image has a form with a number. Forms never change: a new one gets the next number, and a reader is given
every event in the newest form of its kind, whatever it was written in. Fields may be added to a form; readers
have to leave alone what they do not know. An event of a kind or form that a consumer does not know is set
aside with this reason, and can be taken later. Images of records that were [erased](history.md) keep their form,
with nothing in it but \`version\`, the times and \`erased_bytes\`; \`GET /changes\` shows them as null.
`

/** The page docs/events.md. */
export function eventsPage(): string {
  const kinds = Object.entries(EVENT_CATALOGUE).map(([kind, { about, forms }]) =>
    [`## ${kind}`, '', about, '', ...forms.map(formText)].join('\n'),
  )
  return `${[OPENING, ...kinds].join('\n')}`
}

function formText({ version, before, after }: EventForm): string {
  return [
    `**Form ${version}**`,
    '',
    ...imageText('before', before),
    ...imageText('after', after),
  ].join('\n')
}

type Field = {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly string[]
  readonly anyOf?: readonly Field[]
}

const object = z.looseObject({
  type: z.literal('object'),
  properties: z.record(z.string(), z.custom<Field>()),
})

function imageText(name: string, schema: z.ZodType): string[] {
  const json = z.toJSONSchema(schema)
  const choices = [json, ...(json.anyOf ?? [])].map((each) => object.safeParse(each).data)
  const shape = choices.find((each) => each !== undefined)
  if (!shape) return [`\`${name}\`: null`, '']
  return [
    `| \`${name}\`${json.anyOf ? ', or null' : ''} | is | |`,
    '|---|---|---|',
    ...Object.entries(shape.properties).map(
      ([field, value]) => `| \`${field}\` | ${typeText(value)} | ${value.description ?? ''} |`,
    ),
    '',
  ]
}

function typeText({ type, enum: values, anyOf }: Field): string {
  if (values) return values.map((value) => `\`${value}\``).join(' or ')
  if (anyOf) return anyOf.map(typeText).join(' or ')
  return typeof type === 'string' ? type : (type ?? ['anything']).join(' or ')
}
