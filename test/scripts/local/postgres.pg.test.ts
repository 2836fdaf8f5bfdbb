import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  ensureDatabase,
  type PostgresServer,
  removePostgres,
  startPostgres,
} from '../../../scripts/local/postgres.ts'
import { sentenceOf } from '../../harness/failures.ts'
import { PATIENCE } from '../../harness/patience.ts'

const MODULE = new URL('../../../scripts/local/postgres.ts', import.meta.url).href

let folder: string
let dataDir: string
let server: PostgresServer | undefined
let child: ChildProcess | undefined
const log: string[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tendril-postgres-test-'))
  await chmod(folder, 0o711)
  dataDir = join(folder, 'data')
  log.length = 0
})

afterEach(async () => {
  await server?.stop()
  server = undefined
  child?.kill('SIGKILL')
  child = undefined
  await removePostgres(dataDir)
  await rm(folder, { recursive: true, force: true })
})

async function start(port = 0): Promise<PostgresServer> {
  server = await startPostgres({ dataDir, port, durable: false, onLog: (line) => log.push(line) })
  return server
}

async function stop(): Promise<void> {
  await server?.stop()
  server = undefined
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** A Node process of its own that starts PostgreSQL, durably, and then waits to be killed. */
function startInChild(): ChildProcess {
  const code = `
    import { startPostgres } from ${JSON.stringify(MODULE)}
    const server = await startPostgres({ dataDir: process.argv[1] })
    console.log(server.url('postgres'))`
  const args = ['--input-type=module', '-e', code, dataDir]
  child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return child
}

async function firstLine(process: ChildProcess): Promise<string> {
  const stdout = process.stdout
  if (stdout === null) throw new Error('the child has no output')
  const [chunk] = await once(stdout, 'data')
  return String(chunk).trim()
}

async function kill9(process: ChildProcess): Promise<void> {
  const exited = once(process, 'exit')
  process.kill('SIGKILL')
  await exited
}

async function serverPid(): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'postmaster.pid'), 'utf8'), 10)
}

describe('a first start', () => {
  it('makes a UTF-8 cluster whose text order is that of code points', async () => {
    const { url } = await start()
    const [row] = await query(
      url('postgres'),
      `select current_setting('server_encoding') as encoding, current_setting('timezone') as zone,
        upper('äж') as upper, (select concat(datlocprovider, ' ', datlocale) from pg_database limit 1) as locale,
        array_agg(x order by x) as sorted
        from unnest(array['b', 'B', 'ä', 'a', '_', 'ж']) as x`,
    )
    expect(row).toEqual({
      encoding: 'UTF8',
      zone: 'UTC',
      upper: 'ÄЖ',
      locale: 'b C.UTF-8',
      sorted: ['B', '_', 'a', 'b', 'ä', 'ж'],
    })
  })

  it('makes one where trigram search knows letters outside ASCII', async () => {
    const { url } = await start()
    await query(url('postgres'), 'create extension pg_trgm')
    const [row] = await query(url('postgres'), "select similarity('Жук', 'жук') as same")
    expect(row).toEqual({ same: 1 })
  })

  it('listens on 127.0.0.1 only and keeps its password to the owner', async () => {
    const { url } = await start()
    expect(new URL(url('postgres')).hostname).toBe('127.0.0.1')
    const settings = `select current_setting('listen_addresses') as addresses,
      current_setting('unix_socket_directories') as sockets,
      current_setting('max_connections') as connections`
    expect(await query(url('postgres'), settings)).toEqual([
      { addresses: '127.0.0.1', sockets: '', connections: '200' },
    ])
    expect((await stat(`${dataDir}.password`)).mode & 0o777).toBe(0o600)
    const wrong = url('postgres', { user: 'postgres', password: 'guess' })
    await expect(query(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' })
  })

  it('leaves nothing but the data and the password', async () => {
    await start()
    expect((await readdir(folder)).sort()).toEqual(['data', 'data.password'])
  })

  it('says which port is taken', async () => {
    const occupant = createServer().listen(0, '127.0.0.1')
    await once(occupant, 'listening')
    const address = occupant.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const message = await sentenceOf(start(port))
    expect(message).toBe(`PostgreSQL cannot listen on port ${port}: another program uses it.`)
    occupant.close()
  })
})

describe('a second start', () => {
  it('keeps the data and makes no new cluster', async () => {
    const identity = 'select system_identifier from pg_control_system()'
    const first = await start()
    await ensureDatabase(first, 'kept')
    await query(first.url('kept'), 'create table things as select 42 as answer')
    const before = await query(first.url('postgres'), identity)
    await stop()
    const second = await start()
    expect(await query(second.url('kept'), 'select * from things')).toEqual([{ answer: 42 }])
    expect(await query(second.url('postgres'), identity)).toEqual(before)
  })

  it('is refused while the first is running', async () => {
    const { url } = await start()
    const message = await sentenceOf(startPostgres({ dataDir, durable: false }))
    expect(message).toBe(
      `The PostgreSQL data folder ${dataDir} is in use by process ${process.pid}; stop it first.`,
    )
    expect(await sentenceOf(removePostgres(dataDir))).toBe(message)
    expect(await query(url('postgres'), 'select 1 as one')).toEqual([{ one: 1 }])
  })
})

describe('after kill -9 of the process that started it', () => {
  it('PostgreSQL is stopped and started again, with what was committed', async () => {
    const owner = startInChild()
    const url = await firstLine(owner)
    await query(url, 'create table things as select 42 as answer')
    const orphan = await serverPid()
    await kill9(owner)
    expect(await query(url, 'select * from things')).toEqual([{ answer: 42 }])
    const again = await start()
    await expect(query(url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(await query(again.url('postgres'), 'select * from things')).toEqual([{ answer: 42 }])
    expect(log).toContain(
      `Stopping the PostgreSQL (process ${orphan}) that an earlier run left on ${dataDir}.`,
    )
  })

  it('and of PostgreSQL too, it recovers', async () => {
    const owner = startInChild()
    const url = await firstLine(owner)
    await query(url, 'create table things as select 42 as answer')
    const orphan = await serverPid()
    await kill9(owner)
    process.kill(orphan, 'SIGKILL')
    const again = await start()
    expect(await query(again.url('postgres'), 'select * from things')).toEqual([{ answer: 42 }])
  })

  it('during the first start, the cluster is made again', async () => {
    const owner = startInChild()
    await vi.waitFor(async () => {
      const [staging] = (await readdir(folder)).filter((name) => /\.new-[\w-]+$/.test(name))
      expect(existsSync(join(folder, staging ?? '', 'PG_VERSION'))).toBe(true)
    }, PATIENCE)
    await kill9(owner)
    expect(existsSync(dataDir)).toBe(false)
    const { url } = await start()
    expect(await query(url('postgres'), 'select 1 as one')).toEqual([{ one: 1 }])
    await stop()
    await start()
    expect((await readdir(folder)).sort()).toEqual(['data', 'data.password'])
  })
})

describe('a process that ends without stopping it', () => {
  it('takes PostgreSQL along', async () => {
    const code = `
      import { startPostgres } from ${JSON.stringify(MODULE)}
      await startPostgres({ dataDir: process.argv[1], durable: false })
      process.exit(0)`
    child = spawn(process.execPath, ['--input-type=module', '-e', code, dataDir])
    await once(child, 'exit')
    await vi.waitFor(
      () => expect(existsSync(join(dataDir, 'postmaster.pid'))).toBe(false),
      PATIENCE,
    )
  })
})

describe('a data folder', () => {
  it('left half made is made again', async () => {
    await mkdir(join(dataDir, 'base'), { recursive: true })
    await writeFile(join(dataDir, 'PG_VERSION'), '18\n')
    const { url } = await start()
    expect(await query(url('postgres'), 'select 1 as one')).toEqual([{ one: 1 }])
    expect(log).toContain(`${dataDir} was only half made; making it again.`)
  })

  it('that holds something else is not touched', async () => {
    await mkdir(dataDir)
    await writeFile(join(dataDir, 'thesis.txt'), 'years of work')
    expect(await sentenceOf(start())).toBe(
      `The PostgreSQL data folder ${dataDir} cannot be used (it is not a PostgreSQL folder but ` +
        'holds thesis.txt); `npm start -- --fresh` deletes and rebuilds it.',
    )
    expect(await readFile(join(dataDir, 'thesis.txt'), 'utf8')).toBe('years of work')
  })

  it('that lost a file but holds a database is not made again', async () => {
    await ensureDatabase(await start(), 'precious')
    await stop()
    await rm(join(dataDir, 'PG_VERSION'))
    expect(await sentenceOf(start())).toContain('files are missing from it')
    expect(existsSync(join(dataDir, 'base'))).toBe(true)
  })

  it('that is broken is named together with the way out, and can be removed', async () => {
    await start()
    await stop()
    await truncate(join(dataDir, 'global', 'pg_control'), 100)
    const message = await sentenceOf(start())
    expect(message).toContain(`The PostgreSQL data folder ${dataDir} cannot be used (`)
    expect(message).toContain('; `npm start -- --fresh` deletes and rebuilds it.')
    await removePostgres(dataDir)
    expect(await readdir(folder)).toEqual([])
    await start()
  })

  it('whose password is gone or wrong is named too', async () => {
    await start()
    await stop()
    await writeFile(`${dataDir}.password`, 'wrong')
    expect(await sentenceOf(start())).toContain(`the password in ${dataDir}.password does not open`)
    await rm(`${dataDir}.password`)
    expect(await sentenceOf(start())).toContain(`password file ${dataDir}.password cannot be read`)
  })

  it('whose stale pid file names another program starts and leaves that program alone', async () => {
    await start()
    await stop()
    // Of the same user, since that is whom PostgreSQL takes for a server of its own.
    const { uid, gid } = await stat(dataDir)
    const other = spawn('sleep', ['600'], { uid, gid })
    child = other
    await once(other, 'spawn')
    await writeFile(join(dataDir, 'postmaster.pid'), `${other.pid}\n${dataDir}\n`)
    await start()
    expect(other.exitCode ?? other.signalCode).toBeNull()
  })

  it.skipIf(process.getuid?.() !== 0)(
    'that the user postgres cannot reach is kept elsewhere (needs root)',
    async () => {
      await chmod(folder, 0o700)
      const first = await start()
      const place = log.find((line) => line.includes('the data is kept in'))
      expect(place).toMatch(
        / cannot enter .*; the data is kept in \/var\/lib\/tendril\/\w+\/data\.$/,
      )
      await query(first.url('postgres'), 'create table things as select 42 as answer')
      await stop()
      const { url } = await start()
      expect(await query(url('postgres'), 'select * from things')).toEqual([{ answer: 42 }])
      expect(existsSync(dataDir)).toBe(false)
    },
  )
})

describe('ensureDatabase', () => {
  it('may be called by many at once, with any name', async () => {
    const started = await start()
    const name = 'My "graph" №1'
    await Promise.all(Array.from({ length: 5 }, () => ensureDatabase(started, name)))
    await ensureDatabase(started, name)
    const rows = await query(started.url(name), 'select current_database() as name')
    expect(rows).toEqual([{ name }])
  })
})
