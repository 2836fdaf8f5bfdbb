import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { takeMessages } from '../../../workers/jobs/consume.ts'

/** Messages that note what was said to each, and the actions that they led to. */
function batchOf(queue: string, bodies: readonly unknown[], attempts = 1) {
  const said: string[] = []
  const messages = bodies.map((body, i) => ({
    ...{ id: `m${i}`, body, attempts },
    ack: () => said.push(`${i} ack`),
    retry: (options?: { readonly delaySeconds?: number }) =>
      said.push(`${i} retry in ${options?.delaySeconds}`),
  }))
  return { batch: { queue, messages }, said }
}

function actionsWith(fail: (id: string) => boolean) {
  const done: string[] = []
  const act = (what: string) => async (id: string) => {
    done.push(`${what} ${id}`)
    if (fail(id)) throw new Error('the database is away')
  }
  const onFailure = (error: unknown, id: string) => done.push(`told of ${id}: ${error}`)
  return { done, actions: { run: act('run'), giveUp: act('give up'), onFailure } }
}

const [one, two, three] = [randomUUID(), randomUUID(), randomUUID()]

it('answers for each message by itself, and never fails as a whole', async () => {
  const { batch, said } = batchOf(
    'tendril-jobs-low',
    [one, two, three].map((job) => ({ job })),
    3,
  )
  const { done, actions } = actionsWith((id) => id === two)
  await takeMessages(batch, actions)
  expect(said).toEqual(['0 ack', '1 retry in 30', '2 ack'])
  expect(done).toEqual([
    ...[`run ${one}`, `run ${two}`, `told of ${two}: Error: the database is away`, `run ${three}`],
  ])
})

it('drops what names no job, and says so', async () => {
  const { batch, said } = batchOf('tendril-jobs-high', [null, { job: 'x' }, { job: one, more: 1 }])
  const { done, actions } = actionsWith(() => false)
  await takeMessages(batch, actions)
  expect(said).toEqual(['0 ack', '1 ack', '2 ack'])
  expect(done).toEqual([0, 1, 2].map((i) => `told of m${i}: Error: a message names no job`))
})

it('gives up the jobs of dead letters, and tries that again for as long as it takes', async () => {
  const { batch, said } = batchOf('tendril-jobs-dead', [{ job: one }, { job: two }], 90)
  const { done, actions } = actionsWith((id) => id === two)
  await takeMessages(batch, actions)
  expect(done.slice(0, 2)).toEqual([`give up ${one}`, `give up ${two}`])
  expect(said).toEqual(['0 ack', '1 retry in 600'])
})
