import { describe, expect, it } from 'vitest'
import { isAppError } from '../../../core/errors.ts'
import { isExactNumber } from '../../../core/formats/csv/cell-types.ts'
import { type CsvOptions, isGuessed, planCsv } from '../../../core/formats/csv/plan.ts'
import { profileCsv } from '../../../core/formats/csv/profile.ts'
import { readCsv } from '../../../core/formats/csv/read-csv.ts'
import { nameOfTarget } from '../../../core/formats/csv/targets.ts'
import { collect, cut } from './cut.ts'

type Given = Partial<Omit<CsvOptions, 'map'>> & { readonly map?: Readonly<Record<string, string>> }

async function planOf(text: string, { map = {}, ...given }: Given = {}) {
  const defaults = { kind: null, type: 'thing', unmapped: 'properties', infer: true } as const
  const options = { ...defaults, ...given, map: new Map(Object.entries(map)) }
  return planCsv(await profileCsv(() => [text]), options)
}

/** What each column is, as `field:type`. */
async function columnsOf(text: string, given?: Given): Promise<Record<string, string>> {
  const { columns } = await planOf(text, given)
  return Object.fromEntries(
    columns.map(({ header, target, cellType }) => [header, `${nameOfTarget(target)}:${cellType}`]),
  )
}

async function rowsOf(text: string, given?: Given) {
  return collect(readCsv([text], await planOf(text, given)))
}

async function valuesOf(text: string, given?: Given) {
  return (await rowsOf(text, given)).map((row) =>
    'value' in row ? row.value : [row.line, row.error.message],
  )
}

async function complaintsOf(promise: Promise<unknown>): Promise<string[]> {
  const error: unknown = await promise.catch((reason: unknown) => reason)
  if (!isAppError(error)) throw new Error('expected a refusal', { cause: error })
  const { errors = [] } = error.detail
  return errors.length > 0
    ? errors.map(({ pointer, message }) => `${pointer}: ${message}`)
    : [error.message]
}

describe('the columns of a CSV file', () => {
  it('with typed headers are what the headers say, with nothing guessed', async () => {
    const text =
      'id,external_id,type,name,lat,lon,properties.city,properties.runways:number,properties.tags:json\n' +
      ',ATL,airport,Hartsfield,33.64,-84.43,Atlanta,5,"[""hub""]"\n,SFO,airport,,,,,,\n'
    expect(await valuesOf(text)).toEqual([
      {
        ...{ kind: 'entity', external_id: 'ATL', type: 'airport', name: 'Hartsfield' },
        location: { lat: 33.64, lon: -84.43 },
        properties: { city: 'Atlanta', runways: 5, tags: ['hub'] },
      },
      { kind: 'entity', external_id: 'SFO', type: 'airport', properties: {} },
    ])
    expect(isGuessed(await planOf('external_id,properties.n:number\na,1\n'))).toBe(false)
  })

  it('of another tool are guessed from common names', async () => {
    expect(
      await columnsOf(
        'id,type,name,lat,lon,elev,code,open,,tags\n1,a,A,1.5,2.5,10,007,true,0,[1]\n2,a,B,,,,,,1,\n',
      ),
    ).toEqual({
      ...{ id: 'external_id:string', type: 'type:string', name: 'name:string' },
      ...{ lat: 'lat:number', lon: 'lon:number', elev: 'properties.elev:number' },
      ...{ code: 'properties.code:string', open: 'properties.open:boolean', '': '-:string' },
      tags: 'properties.tags:json',
    })
    expect(await columnsOf('src,dst,type,dist\n1,2,route,809\n')).toEqual({
      ...{ src: 'from_external_id:string', dst: 'to_external_id:string' },
      ...{ type: 'type:string', dist: 'properties.dist:number' },
    })
    expect(await columnsOf('personId:ID,name,age:int,:LABEL\nb,B,7,x\n')).toMatchObject({
      ...{ name: 'name:string', 'age:int': 'properties.age:number', ':LABEL': 'type:string' },
    })
    expect((await planOf(':START_ID,:END_ID,:TYPE\na,b,KNOWS\n')).kind).toBe('relationship')
  })

  it('that are UUIDs are ids of ours', async () => {
    const id = '01979c7e-3a5b-7cc0-8f43-6c5d2a1b0e9f'
    expect(await columnsOf(`id,a\n${id},1\n`)).toMatchObject({ id: 'id:string' })
    expect(await columnsOf(`source,target\n${id},x\n`)).toEqual({
      ...{ source: 'from_id:string', target: 'to_external_id:string' },
    })
  })

  it('are what a mapping says, and nothing else with --ignore', async () => {
    const text = 'iata,city,runs,note\nATL,Atlanta,5,x\n'
    const map = { iata: 'external_id', city: 'name', runs: 'properties.runways:string', note: '-' }
    expect(await valuesOf(text, { map })).toEqual([
      {
        ...{ kind: 'entity', type: 'thing', external_id: 'ATL', name: 'Atlanta' },
        properties: { runways: '5' },
      },
    ])
    const ignoring = await columnsOf(text, { map: { iata: 'external_id' }, unmapped: 'ignore' })
    expect(Object.values(ignoring).slice(1)).toEqual(['-:string', '-:string', '-:string'])
  })

  it('are text where types are neither stated nor inferred', async () => {
    const given = { infer: false }
    expect(await columnsOf('external_id,a,b:number\nx,1,2\n', given)).toMatchObject({
      ...{ a: 'properties.a:string', 'b:number': 'properties.b:number' },
    })
  })

  it('with a latitude alone, or one in words, are properties', async () => {
    expect(await columnsOf('id,latitude\nx,1\n')).toMatchObject({
      latitude: 'properties.latitude:number',
    })
    expect(await columnsOf('id,latitude,lng\nx,north,1\n')).toMatchObject({
      latitude: 'properties.latitude:string',
    })
  })

  it.each([
    ['map', 'a,b\n1,2\n', { map: { c: 'name' } }, 'map: there is no column "c"'],
    ['map', 'id,b\n1,2\n', { map: { b: 'colour' } }, 'map: "colour" is neither a field'],
    [
      'map',
      'id,b\n1,2\n',
      { map: { b: 'from_id' }, kind: 'entity' as const },
      'map: "b": no entity',
    ],
    ['map', 'id,a,b\n1,2,3\n', { map: { a: 'name', b: 'name' } }, 'map: several columns are name'],
    ['map', 'a,b\n1,2\n', {}, 'map: no column is the external_id'],
    ['map', 'src\n1\n', { kind: 'relationship' as const }, 'map: no column is to_external_id'],
    ['type', 'id,b\n1,2\n', { type: null }, 'type: no column is the type'],
  ])('that make no sense name %s: %#', async (_name, text, given, message) => {
    expect((await complaintsOf(planOf(text, given))).join('\n')).toContain(message)
  })
})

describe('a number in a cell', () => {
  it.each(['0', '-1', '10', '1.5', '1.50', '1e3', '1E-7', '0.1', '-18442685533151230', '5e-324'])(
    'is %s',
    (cell) => expect(isExactNumber(cell)).toBe(true),
  )
  it.each([
    ...['007', '+1', '0x1F', '1e400', '9007199254740993', '0.10000000000000000001', '.5', '5.'],
    ...['-0', ' 1', '1 ', '1,000', 'NaN', 'Infinity', '', '1_000', '٣'],
  ])('is not %j, which stays text', (cell) => expect(isExactNumber(cell)).toBe(false))
})

describe('the rows of a CSV file', () => {
  it('keep their lines over quoted line ends and empty lines', async () => {
    const text = 'external_id,a\r\n"x\r\ny",1\r\n\r\n\r\n"z\n\n",2\r\nlast,3,4\r\nend,5'
    const rows = await rowsOf(text)
    expect(rows.map(({ line }) => line)).toEqual([2, 6, 9, 10])
    expect(rows[2]).toHaveProperty('error.message', 'has 3 cells; the header has 2')
  })

  it('are told apart by semicolons, tabs or bars, too', async () => {
    for (const delimiter of [';', '\t', '|']) {
      const text = `external_id${delimiter}"a,b"${delimiter}c\nx${delimiter}1,5${delimiter}y\n`
      expect(await valuesOf(text)).toMatchObject([{ properties: { 'a,b': '1,5', c: 'y' } }])
    }
  })

  it('without the value that a header promises say which and why', async () => {
    const text =
      'external_id,properties.n:number,properties.b:boolean,properties.j:json,lat,lon\n' +
      'a,five,,,,\nb,,yes,,,\nc,,,{no},,\nd,,,,1,\ne,9007199254740993,,,,\nf,+007,,,,\n'
    const rows = await rowsOf(text)
    expect(rows.map((row) => ('error' in row ? row.error.detail.errors : []))).toEqual([
      [{ pointer: '/properties/n', message: 'must be a number, not "five"' }],
      [{ pointer: '/properties/b', message: 'must be true or false, not "yes"' }],
      [{ pointer: '/properties/j', message: 'must be JSON, not "{no}"' }],
      [{ pointer: '/location', message: 'has only one of lat and lon' }],
      [
        {
          pointer: '/properties/n',
          message: 'the integer 9007199254740993 does not fit a double; read it as a string',
        },
      ],
      [],
    ])
    expect(rows[5]).toMatchObject({ value: { properties: { n: 7 } } })
  })

  it('that would be formulas in a spreadsheet are the text they are', async () => {
    const text = 'external_id,a\nx,=1+1\ny,@cmd\nz,-2+3\n'
    expect(await valuesOf(text)).toMatchObject(
      ['=1+1', '@cmd', '-2+3'].map((a) => ({ properties: { a } })),
    )
  })

  it('take a property called __proto__ for what it is', async () => {
    const [row] = await rowsOf('external_id,properties.__proto__:json\nx,"{""a"":1}"\n')
    const { properties } = (row as { value: { properties: object } }).value
    expect(Object.keys(properties)).toEqual(['__proto__'])
  })

  it('without ids get the same ones in every run, parallel ones different ones', async () => {
    const text = 'src,dst,type,w\na,b,r,1\na,b,r,2\nb,a,r,1\na,a,r,1\na,b,s,1\na,b,r,2\n'
    const ids = async () => (await valuesOf(text)).map((value) => (value as { id: string }).id)
    expect(new Set(await ids()).size).toBe(6)
    expect(await ids()).toEqual(await ids())
  })

  it('of many parallel relationships all get ids of their own', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `a${i % 3000},b\n`)
    const values = await valuesOf(`src,dst\n${lines.join('')}`)
    expect(new Set(values.map((value) => (value as { id: string }).id)).size).toBe(20_000)
  })

  it.each([
    ['never closed', 'external_id,a\nx,1\ny,"open\nz,2\n', 'line 3: a quote is opened and never'],
    ['followed by text', 'external_id,a\nx,1\n"y"z,2\n', 'line 3: after a closing quote'],
    ['in the midst of a cell', 'external_id,a\nx,1\ny"z",2\n', 'line 3: a quote in the midst'],
  ])('with a quote %s end the reading at their line', async (_where, text, message) => {
    expect(await complaintsOf(rowsOf(text))).toEqual([expect.stringContaining(message)])
    const one = cut(text, 'everywhere')
    expect(await complaintsOf(profileCsv(() => one))).toEqual([expect.stringContaining(message)])
  })

  it('need a header that names each column once', async () => {
    expect(await complaintsOf(rowsOf(''))).toEqual([': the file has no header'])
    expect(await complaintsOf(rowsOf('a,a\n'))).toEqual([
      'line 1: the header names the column "a" twice',
    ])
  })
})
