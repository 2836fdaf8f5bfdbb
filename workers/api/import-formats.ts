/** Formats of an import, by media type. */
export type ImportFormat = 'ndjson' | 'csv' | 'graphml' | 'stix'

const MEDIA_TYPES: readonly (readonly [ImportFormat, RegExp])[] = [
  ['ndjson', /^application\/(x-)?(ndjson|jsonl)$/],
  ['csv', /^text\/csv$/],
  ['graphml', /^application\/graphml\+xml$/],
  ['stix', /^application\/(vnd\.oasis\.)?stix\+json$/],
]

/** What an import is told that came as anything else. */
export const SEND_AN_IMPORT =
  'send UTF-8 as application/x-ndjson, text/csv, application/graphml+xml or ' +
  'application/stix+json;version=2.1'

/** The format that a `Content-Type` names; `null`: none of ours, or not in UTF-8, or another STIX. */
export function importFormatOf(contentType: string): ImportFormat | null {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';')
  const format = MEDIA_TYPES.find(([, pattern]) => pattern.test(type.trim()))?.[0]
  if (!format) return null
  const values = new Map(
    parameters.map((each) => {
      const [name = '', value = ''] = each.split('=')
      return [name.trim(), value.trim().replace(/^"(.*)"$/, '$1')]
    }),
  )
  const isUtf8 = /^utf-?8$/.test(values.get('charset') ?? 'utf-8')
  const isKnown = format !== 'stix' || (values.get('version') ?? '2.1') === '2.1'
  return isUtf8 && isKnown ? format : null
}
