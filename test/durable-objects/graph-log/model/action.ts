import type { Faults, World } from './world.ts'

/** Something that can happen in a world. */
export type Action = {
  readonly name: string
  /** Only waits for the database or the network to do their work: no fault, nothing asked anew. */
  readonly isFair: boolean
  readonly next: () => World
}

export function spend(world: World, kind: keyof Faults): World {
  return {
    ...world,
    faultsLeft: { ...world.faultsLeft, [kind]: world.faultsLeft[kind] - 1 },
  }
}

export function fault(name: string, next: () => World): Action {
  return { name, isFair: false, next }
}
