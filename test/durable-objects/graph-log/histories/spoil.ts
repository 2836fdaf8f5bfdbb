import type { Observed } from './attempts.ts'

/** A way to spoil a right history, and what the checker has to say about it. */
export type Spoiled = readonly [title: string, spoil: (history: Observed) => Observed, said: RegExp]

export function at<T>(list: readonly T[], index: number): T {
  const item = list.at(index)
  if (item === undefined) throw new Error('the history is too short to be spoiled')
  return item
}

export function first<T>(list: readonly T[], is: (item: T) => boolean): T {
  const item = list.find(is)
  if (item === undefined) throw new Error('the history has nothing of this kind to spoil')
  return item
}
