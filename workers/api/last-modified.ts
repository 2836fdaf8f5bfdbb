/**
 * How long ago a record must have changed for its date to tell it apart: dates have seconds, a record
 * may change twice in one, and clocks differ (RFC 9110, 8.8.2.2).
 */
const SETTLED_MS = 60_000

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const MONTH = MONTHS.join('|')
const TIME = '(\\d\\d):(\\d\\d):(\\d\\d)'
/** The form to send, and two that are obsolete and have to be understood (RFC 9110, 5.6.7). */
const IMF = new RegExp(`^\\w{3}, (\\d\\d) (${MONTH}) (\\d{4}) ${TIME} GMT$`)
const RFC_850 = new RegExp(`^\\w{6,9}, (\\d\\d)-(${MONTH})-(\\d\\d) ${TIME} GMT$`)
const ASCTIME = new RegExp(`^\\w{3} (${MONTH}) ([ \\d]\\d) ${TIME} (\\d{4})$`)

/** The first full second at which a record was as it is, in milliseconds and as `Last-Modified`. */
export type LastModified = { readonly ms: number; readonly text: string }

type Dated = { readonly updated_at: string }

/** Dates of records that memory holds: each is worked out once. */
const dates = new WeakMap<Dated, LastModified & { readonly changedMs: number }>()

/** `null`: the record is too young to be told apart by a date. */
export function lastModified(record: Dated, nowMs: number): LastModified | null {
  const date = dates.get(record) ?? dateOf(record)
  return nowMs - date.changedMs >= SETTLED_MS ? date : null
}

function dateOf(record: Dated): LastModified & { readonly changedMs: number } {
  const changedMs = Date.parse(record.updated_at)
  const ms = Math.ceil(changedMs / 1_000) * 1_000
  const date = { changedMs, ms, text: new Date(ms).toUTCString() }
  dates.set(record, date)
  return date
}

/** An HTTP date in milliseconds; `null` for what is none. */
export function parseHttpDate(text: string, nowMs: number): number | null {
  const [, day, month, year, ...time] = IMF.exec(text) ?? []
  if (day !== undefined) return utc(Number(year), month, day, time)
  const [, oldDay, oldMonth, twoDigits, ...oldTime] = RFC_850.exec(text) ?? []
  if (oldDay !== undefined)
    return utc(fullYear(Number(twoDigits), nowMs), oldMonth, oldDay, oldTime)
  const [, cMonth, cDay, hour, minute, second, cYear] = ASCTIME.exec(text) ?? []
  if (cMonth === undefined) return null
  return utc(Number(cYear), cMonth, cDay, [hour, minute, second])
}

/** Of two digits that would lie more than 50 years ahead, the latest such year that has passed. */
function fullYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear()
  const inThisCentury = thisYear - (thisYear % 100) + twoDigits
  return inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury
}

function utc(
  year: number,
  month: string | undefined,
  day: string | undefined,
  time: readonly (string | undefined)[],
): number | null {
  const [hour = 0, minute = 0, second = 0] = time.map(Number)
  const date = new Date(0)
  date.setUTCFullYear(year, MONTHS.indexOf(month ?? ''), Number(day))
  const isDay = date.getUTCDate() === Number(day)
  // A leap second is the end of its minute.
  if (!isDay || hour > 23 || minute > 59 || second > 60) return null
  return date.setUTCHours(hour, minute, Math.min(second, 59))
}
