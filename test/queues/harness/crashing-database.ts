import { type Database, DatabaseError } from '../../../db/client.ts'

/** What may happen to one round trip. */
export type Fate =
  | 'works'
  /** The machine dies before it is sent, or after it was carried out: nobody waits any more. */
  | 'dies_before'
  | 'dies_after'
  /** The connection is lost before or after: whoever waits gets an error. */
  | 'cut_before'
  | 'cut_after'

/** Told to whoever watches a run, when its machine has died. */
export class Died extends Error {}

/** A database that does to each round trip what `fateOf` says. */
export function crashingDatabase(
  database: Database,
  fateOf: () => Fate,
  onDeath: () => void,
): Database {
  async function through<T>(work: () => Promise<T>): Promise<T> {
    switch (fateOf()) {
      case 'works':
        return work()
      case 'dies_before':
        return die()
      case 'dies_after':
        await work()
        return die()
      case 'cut_before':
        throw lost()
      case 'cut_after':
        await work()
        throw lost()
    }
  }
  function die<T>(): Promise<T> {
    onDeath()
    return new Promise<T>(() => {})
  }
  return {
    batch: (...args) => through(() => database.batch(...args)),
    batchWith: (...args) => through(() => database.batchWith(...args)),
  }
}

function lost(): DatabaseError {
  return new DatabaseError('the connection was cut', { certain: false, cause: null })
}

/** Runs `work` until it ends or its machine dies; true when it has died. */
export async function untilDeath(
  database: Database,
  fateOf: () => Fate,
  work: (database: Database) => Promise<unknown>,
): Promise<boolean> {
  let isDead = false
  const death = new Promise<void>((resolve) => {
    const crashing = crashingDatabase(database, fateOf, () => {
      isDead = true
      resolve()
    })
    void work(crashing).then(
      () => resolve(),
      (error: unknown) => {
        if (!(error instanceof DatabaseError)) throw error
        resolve()
      },
    )
  })
  await death
  return isDead
}
