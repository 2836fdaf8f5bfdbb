import type { CommitAnswer, GraphRequest } from '../../../../core/log/requests.ts'
import {
  type Input,
  newWriter,
  type Writer,
  type WriterOptions,
} from '../../../../durable-objects/graph-log/writer.ts'
import type { Call } from './calls.ts'
import {
  type DatabaseEffect,
  type ModelDatabase,
  newDatabase,
  passesFence,
  type Rules,
} from './model-database.ts'

/** What may go wrong, and how often at most. */
export type Faults = {
  /** An instance loses its memory; what it sent is still under way. */
  readonly crashes: number
  /** A message is reported lost: before it is carried out (it may be, later) or after. */
  readonly losses: number
  /** The database refuses a commit for a reason that is not the fence. */
  readonly rejections: number
  /** Somebody asks an instance for the head that the database has. */
  readonly headsWanted: number
  /** The log moves to another epoch. */
  readonly moves: number
}

/**
 * How the two instances come to be. `none`: both are there from the start and get calls. Otherwise
 * 1 takes over from 0 at some moment and gets the calls from then on, while 0 goes on with what it
 * has: for good (`unnoticed`), or until it next opens the log and then looks whether it is still the
 * object's only instance (`noticed`, C2).
 */
export type Succession = 'none' | 'unnoticed' | 'noticed'

export type Scenario = {
  readonly instances: 1 | 2
  readonly succession: Succession
  readonly calls: readonly Call[]
  readonly faults: Faults
  readonly options: WriterOptions
  readonly rules: Rules
}

/** What an instance asked the database for, and the reply on its way back once it is carried out. */
export type Message = {
  readonly effect: DatabaseEffect
  readonly reply: Input<GraphRequest> | null
}

/** One instance of the object: its memory, and the one message to the database it waits for. */
export type Instance = { readonly writer: Writer<GraphRequest>; readonly message: Message | null }

export type Told = { readonly commitId: string; readonly status: CommitAnswer['status'] }

export type World = {
  readonly database: ModelDatabase
  readonly instances: readonly Instance[]
  /** Sent and given up by their senders, not carried out yet: they may be at any moment. */
  readonly strays: readonly DatabaseEffect[]
  /** By ticket. `over`: answered, or the instance that held it has crashed. */
  readonly calls: readonly ('unsent' | 'waiting' | 'over')[]
  readonly isSucceeded: boolean
  /** Tickets that another call with their commit id waited beside since the database judged them. */
  readonly rivalled: readonly number[]
  /** Commit ids whose callers were told that nothing is, or will be, in the log. */
  readonly denied: readonly string[]
  readonly faultsLeft: Faults
  /** What callers were told by the last action; says nothing about the future. */
  readonly told: readonly Told[]
}

export function newInstance(): Instance {
  return { writer: newWriter(), message: null }
}

export function newWorld({ instances, calls, faults }: Scenario): World {
  return {
    database: newDatabase(),
    instances: [newInstance(), newInstance()].slice(0, instances),
    strays: [],
    calls: calls.map(() => 'unsent'),
    isSucceeded: false,
    rivalled: [],
    denied: [],
    faultsLeft: faults,
    told: [],
  }
}

export function withInstance(world: World, index: number, instance: Instance): World {
  return { ...world, instances: world.instances.with(index, instance) }
}

/** Strays that the fence will refuse whenever they come need no remembering. */
export function withoutSpent(world: World, rules: Rules): World {
  const { database, strays } = world
  const live = strays.filter(
    (stray) =>
      (stray.do === 'open' && database.epoch === newDatabase().epoch) ||
      (stray.do === 'commit' && passesFence(database, stray.fence, rules)),
  )
  return live.length === strays.length ? world : { ...world, strays: live }
}
