const BOOL = 16
const INT8 = 20
const INT2 = 21
const INT4 = 23
const JSON_TEXT = 114
const FLOAT4 = 700
const FLOAT8 = 701
const TIMESTAMPTZ = 1184
const JSONB = 3802

/**
 * Reads PostgreSQL's text format by type OID: integers and floats as numbers (all our bigints are
 * positions and counts, far below 2^53), JSON as values, times as RFC 3339 in UTC with milliseconds,
 * everything else as text.
 */
export function parsePostgresText(oid: number): (text: string) => unknown {
  switch (oid) {
    case BOOL:
      return (text) => text === 't'
    case INT2:
    case INT4:
    case INT8:
    case FLOAT4:
    case FLOAT8:
      return Number
    case JSON_TEXT:
    case JSONB:
      return (text): unknown => JSON.parse(text)
    case TIMESTAMPTZ:
      return (text) => rfc3339(text)
    default:
      return (text) => text
  }
}

/** `2026-11-21 09:00:00.5+00`, or its ISO form from inside JSON, as `2026-11-21T09:00:00.500Z`. */
export function rfc3339(text: string): string {
  return new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')).toISOString()
}
