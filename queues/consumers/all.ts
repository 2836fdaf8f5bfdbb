import type { Consumer } from '../consumer.ts'
import { statistics } from './statistics.ts'

/** Every consumer that runs. One that is taken away leaves its checkpoints, which hold up retention. */
export const CONSUMERS: readonly Consumer[] = [statistics]

export const CONSUMER_NAMES = CONSUMERS.map(({ name }) => name)
