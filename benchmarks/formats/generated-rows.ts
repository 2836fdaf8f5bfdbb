/** Formats that the generated graph can be written in; CSV has entities only. */
export const FORMATS = ['ndjson', 'csv', 'graphml', 'stix'] as const
export type GeneratedFormat = (typeof FORMATS)[number]

/** A file of `rows` rows, nine tenths of them entities and the rest relationships, piece by piece. */
export function* generatedFile(format: GeneratedFormat, rows: number): Generator<string> {
  const entities = format === 'csv' ? rows : Math.ceil(rows * 0.9)
  switch (format) {
    case 'ndjson':
      for (let i = 0; i < entities; i += 1) yield `${JSON.stringify(entity(i))}\n`
      for (let i = entities; i < rows; i += 1) yield `${JSON.stringify(tie(i, entities))}\n`
      return
    case 'csv':
      yield 'external_id,type,name,properties.city:string,properties.size:number\n'
      for (let i = 0; i < rows; i += 1)
        yield `e${i},place,Place ${i},"City, ${i % 500}",${i % 97}\n`
      return
    case 'graphml':
      yield '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
      yield '<key id="s" for="node" attr.name="size" attr.type="int"/>\n<graph edgedefault="directed">\n'
      for (let i = 0; i < entities; i += 1) {
        yield `<node id="e${i}"><data key="s">${i % 97}</data></node>\n`
      }
      for (let i = entities; i < rows; i += 1) {
        yield `<edge source="e${i % entities}" target="e${(i * 7) % entities}"/>\n`
      }
      yield '</graph>\n</graphml>\n'
      return
    case 'stix':
      yield '{"type":"bundle","id":"bundle--00000000-0000-4000-8000-000000000000","objects":['
      for (let i = 0; i < rows; i += 1) {
        const object = i < entities ? tool(i) : use(i, entities)
        yield `${i === 0 ? '' : ','}${JSON.stringify(object)}`
      }
      yield ']}'
  }
}

function entity(i: number) {
  const properties = { city: `City, ${i % 500}`, size: i % 97 }
  return { kind: 'entity', type: 'place', external_id: `e${i}`, name: `Place ${i}`, properties }
}

function tie(i: number, entities: number) {
  const ends = { from_external_id: `e${i % entities}`, to_external_id: `e${(i * 7) % entities}` }
  return { kind: 'relationship', type: 'near', external_id: `r${i}`, ...ends }
}

function tool(i: number) {
  return { type: 'tool', id: stixId('tool', i), name: `Tool ${i}`, description: `Number ${i}` }
}

function use(i: number, entities: number) {
  return {
    type: 'relationship',
    id: stixId('relationship', i),
    relationship_type: 'uses',
    source_ref: stixId('tool', i % entities),
    target_ref: stixId('tool', (i * 7) % entities),
  }
}

function stixId(type: string, i: number): string {
  return `${type}--00000000-0000-4000-8000-${String(i).padStart(12, '0')}`
}
