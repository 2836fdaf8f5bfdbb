import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Place } from './place.ts'
import { ACTOR, imageOf, nameKeyOf, REQUEST_ID, type StoredCommit } from './stored-rows.ts'

const TABLES = {
  entities:
    'tenant_id, graph_id, id, type, external_id, name, name_key, latitude, longitude, properties, version, created_at, updated_at',
  relationships:
    'tenant_id, graph_id, id, type, from_id, to_id, external_id, properties, version, created_seq, created_at, updated_at',
  events:
    'tenant_id, graph_id, seq, at, kind, subject_id, type, external_id, from_id, to_id, actor, request_id, commit_id, after',
  commits: 'tenant_id, graph_id, commit_id, fingerprint, answer, at',
} as const

type Table = keyof typeof TABLES

type Field = string | number | null

/** Writes the four tables as files in COPY's text format below `folder`. */
export async function writeCopyFiles(
  commits: () => Iterable<StoredCommit>,
  { tenantId, graphId }: Place,
  folder: string,
): Promise<void> {
  for (const table of Object.keys(TABLES) as Table[]) {
    const lines = function* () {
      for (const commit of commits()) {
        let text = ''
        for (const fields of rowsOf(table, commit)) {
          text += `${[tenantId, graphId, ...fields].map(copyText).join('\t')}\n`
        }
        if (text !== '') yield text
      }
    }
    await pipeline(Readable.from(lines()), createWriteStream(join(folder, table)))
  }
}

function* rowsOf(table: Table, commit: StoredCommit): Generator<Field[]> {
  if (table === 'commits') {
    yield [commit.commitId, '', commit.answer, commit.at]
    return
  }
  for (const stored of commit.rows) {
    const { seq, at, kind, row } = stored
    const { id, type, externalId } = row
    const properties = JSON.stringify(row.properties)
    if (table === 'events') {
      const ends = kind === 'entity' ? [null, null] : [row.from.id, row.to.id]
      const origin = [ACTOR, REQUEST_ID, commit.commitId]
      const subject = [`${kind}.created`, id, type, externalId]
      yield [seq, at, ...subject, ...ends, ...origin, imageOf(stored)]
    } else if (table === 'entities' && kind === 'entity') {
      const { lat, lon } = row.location ?? { lat: null, lon: null }
      yield [id, type, externalId, row.name, nameKeyOf(row), lat, lon, properties, seq, at, at]
    } else if (table === 'relationships' && kind === 'relationship') {
      yield [id, type, row.from.id, row.to.id, externalId, properties, seq, seq, at, at]
    }
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
}

function copyText(value: Field): string {
  return value === null ? '\\N' : String(value).replace(/[\\\t\n\r]/g, (c) => ESCAPES[c] ?? c)
}

/** Loads the files over one connection, a COPY per table in one transaction each. */
export async function loadByCopy(
  client: pg.Client,
  place: Place,
  folder: string,
  seq: number,
): Promise<void> {
  for (const [table, columns] of Object.entries(TABLES)) {
    const into = client.query(copyFrom(`copy ${table} (${columns}) from stdin`))
    await pipeline(createReadStream(join(folder, table), { highWaterMark: 1 << 20 }), into)
  }
  await client.query('update graphs set seq = $2 where id = $1', [place.graphId, seq])
}
