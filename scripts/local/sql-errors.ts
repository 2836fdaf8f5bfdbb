import pg from 'pg'

const BAD_REQUEST = 400
const INTERNAL_ERROR = 500

/** A failure that is not PostgreSQL's: the status to answer with and a message for the caller. */
export class SqlHttpError extends Error {
  readonly status: number

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

/** The caller's mistake, found before anything ran. */
export function badRequest(message: string): SqlHttpError {
  return new SqlHttpError(BAD_REQUEST, message)
}

/** 400 for all that PostgreSQL itself said, also while logging in; 500 when it said nothing. */
export function statusOf(error: unknown): number {
  if (error instanceof pg.DatabaseError) return BAD_REQUEST
  return error instanceof SqlHttpError ? error.status : INTERNAL_ERROR
}

/** The JSON of an error answer; fields PostgreSQL left out are null, or '' as Neon has them. */
export function errorBody(error: unknown): string {
  const db = error instanceof pg.DatabaseError ? error : undefined
  return JSON.stringify({
    message: messageOf(error),
    code: db?.code ?? '',
    detail: db?.detail ?? null,
    hint: db?.hint ?? null,
    position: db?.position ?? null,
    internalPosition: db?.internalPosition ?? null,
    internalQuery: db?.internalQuery ?? null,
    severity: db?.severity ?? '',
    where: db?.where ?? null,
    table: db?.table ?? null,
    column: db?.column ?? null,
    schema: db?.schema ?? null,
    dataType: db?.dataType ?? null,
    constraint: db?.constraint ?? null,
    file: db?.file ?? null,
    line: db?.line ?? null,
    routine: db?.routine ?? null,
  })
}

function messageOf(error: unknown): string {
  // A refused connection to a name with several addresses has its reasons inside, and no message.
  const first = error instanceof AggregateError ? error.errors[0] : error
  return first instanceof Error ? first.message : 'internal error'
}
