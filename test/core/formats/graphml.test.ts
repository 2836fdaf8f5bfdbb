import { describe, expect, it } from 'vitest'
import {
  GRAPHML_DEFAULTS,
  type GraphmlOptions,
  readGraphml,
} from '../../../core/formats/graphml/read-graphml.ts'
import { MAX_RECORD_CHARACTERS } from '../../../core/formats/rows.ts'
import { collect } from './cut.ts'

const XMLNS = 'xmlns="http://graphml.graphdrawing.org/xmlns"'

async function read(xml: string | Iterable<string>, given: Partial<GraphmlOptions> = {}) {
  const warnings: string[] = []
  const options = {
    ...GRAPHML_DEFAULTS,
    map: new Map<string, string>(),
    onWarning: (message: string) => warnings.push(message),
    ...given,
  }
  const rows = await collect(readGraphml(typeof xml === 'string' ? [xml] : xml, options))
  const values = rows.map((row) => ('value' in row ? row.value : [row.line, row.error.message]))
  return { rows, values, warnings }
}

const graph = (content: string, head = '') =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<graphml ${XMLNS}>\n${head}<graph edgedefault="directed">\n${content}\n</graph></graphml>`

describe('GraphML', () => {
  it('of NetworkX has the ids of nodes as external ids, and typed data', async () => {
    const { values, warnings } = await read(`<?xml version='1.0' encoding='utf-8'?>
<graphml ${XMLNS} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <key id="d3" for="edge" attr.name="weight" attr.type="double" />
  <key id="d2" for="node" attr.name="open" attr.type="boolean" />
  <key id="d1" for="node" attr.name="size" attr.type="long" />
  <key id="d0" for="node" attr.name="label" attr.type="string" />
  <graph edgedefault="undirected">
    <node id="a"><data key="d0">Node A</data><data key="d1">5</data><data key="d2">True</data></node>
    <node id="b" />
    <edge source="a" target="b" id="0"><data key="d3">0.5</data></edge>
    <edge source="a" target="b" id="1" />
    <edge source="b" target="a" id="0" />
    <edge source="a" target="a" id="0" />
  </graph>
</graphml>`)
    expect(values.slice(0, 2)).toEqual([
      {
        ...{ kind: 'entity', external_id: 'a', type: 'node', name: 'Node A' },
        properties: { size: 5, open: true },
      },
      { kind: 'entity', external_id: 'b', type: 'node', properties: {} },
    ])
    expect(values[2]).toMatchObject({
      ...{ kind: 'relationship', type: 'edge', from_external_id: 'a', to_external_id: 'b' },
      properties: { weight: 0.5 },
    })
    expect(new Set(values.slice(2).map((value) => (value as { id: string }).id)).size).toBe(4)
    expect(new Set(warnings)).toEqual(
      new Set(['undirected edges are read as directed, from source to target']),
    )
  })

  it('of igraph keeps names and weights under their prefixed keys', async () => {
    const { values } = await read(
      graph(
        '<node id="n0"><data key="v_name">Ada</data></node>\n<edge source="n0" target="n0"><data key="e_w">1e3</data></edge>',
        '<key id="v_name" for="node" attr.name="name" attr.type="string"/><key id="e_w" for="edge" attr.name="w" attr.type="double"/>',
      ),
    )
    expect(values).toMatchObject([{ external_id: 'n0', name: 'Ada' }, { properties: { w: 1000 } }])
  })

  it('of Neo4j has labels as types', async () => {
    const { values } = await read(
      graph(
        `<node id="n0" labels=":Person:Actor"><data key="labels">:Person:Actor</data><data key="born">1964</data></node>
<node id="n1" labels=":Movie"><data key="labels">:Movie</data><data key="title">Speed</data></node>
<edge id="e0" source="n0" target="n1" label="ACTED_IN"><data key="label">ACTED_IN</data><data key="roles">["Jack"]</data></edge>`,
        `<key id="born" for="node" attr.name="born" attr.type="long"/><key id="title" for="node" attr.name="title"/>
<key id="labels" for="node" attr.name="labels"/><key id="label" for="edge" attr.name="label"/><key id="roles" for="edge" attr.name="roles" attr.type="string" attr.list="string"/>`,
      ),
    )
    expect(values).toMatchObject([
      { type: 'Person', properties: { born: 1964, labels: ['Person', 'Actor'] } },
      { type: 'Movie', name: 'Speed', properties: {} },
      { type: 'ACTED_IN', properties: { roles: ['Jack'] } },
    ])
  })

  it('of yEd and Gephi has labels as names, and what can be no type as a property', async () => {
    const { values } = await read(`<graphml ${XMLNS} xmlns:y="http://www.yworks.com/xml/graphml">
<key for="node" id="d6" yfiles.type="nodegraphics"/><key for="edge" id="d9" yfiles.type="edgegraphics"/>
<key attr.name="url" attr.type="string" for="node" id="d4"/><key id="t" for="edge" attr.name="Edge Label" attr.type="string"/>
<graph edgedefault="directed" id="G">
<node id="n0"><data key="d4"/><data key="d6"><y:ShapeNode><y:Fill color="#FFCC00"/><y:NodeLabel x="1"> Start <y:LabelModel/></y:NodeLabel><y:Shape/></y:ShapeNode></data></node>
<edge id="e0" source="n0" target="n0"><data key="d9"><y:Line><y:EdgeLabel>works at</y:EdgeLabel></y:Line></data></edge>
<edge id="e1" source="n0" target="n0"><data key="t">goes to</data></edge>
<edge id="e2" source="n0" target="n0"><data key="t">KNOWS</data></edge>
</graph></graphml>`)
    expect(values).toMatchObject([
      { external_id: 'n0', name: 'Start', properties: { url: '' } },
      { type: 'edge', properties: { label: 'works at' } },
      { type: 'edge', properties: { 'Edge Label': 'goes to' } },
      { type: 'KNOWS', properties: {} },
    ])
  })

  it('takes defaults of keys, keys behind the graph, and files without a namespace', async () => {
    const { values } = await read(
      '<graphml><key id="c" for="all" attr.name="colour"><default>red</default></key><graph><node id="a"/><node id="b"><data key="c">blue</data></node></graph></graphml>',
    )
    expect(values).toMatchObject([
      { properties: { colour: 'red' } },
      { properties: { colour: 'blue' } },
    ])
  })

  it('has a location where it has both coordinates as numbers', async () => {
    const keys = (type: string) =>
      `<key id="x" for="node" attr.name="latitude" attr.type="${type}"/><key id="y" for="node" attr.name="lon" attr.type="double"/>`
    const node = '<node id="a"><data key="x">1</data><data key="y">-2.5</data></node>'
    expect((await read(graph(node, keys('double')))).values).toMatchObject([
      { location: { lat: 1, lon: -2.5 }, properties: {} },
    ])
    expect((await read(graph(node, keys('string')))).values).toMatchObject([
      { properties: { latitude: '1', lon: -2.5 } },
    ])
  })

  it('is read as a mapping says', async () => {
    const map = new Map([
      ['group', 'type'],
      ['label', 'properties.caption'],
      ['secret', '-'],
    ])
    const keys = ['group', 'label', 'secret']
      .map((name) => `<key id="${name}" for="node" attr.name="${name}"/>`)
      .join('')
    const data = keys.replaceAll(/<key id="(\w+)"[^>]*>/g, '<data key="$1">$1</data>')
    const { values } = await read(graph(`<node id="a">${data}</node>`, keys), { map })
    expect(values).toMatchObject([{ type: 'group', properties: { caption: 'label' } }])
    await expect(read('<a/>', { map: new Map([['label', 'external_id']]) })).rejects.toThrow(
      'map: label: ids are those of the nodes',
    )
  })

  it('refuses by line what a graph here cannot have, and reads the rest', async () => {
    const { values } = await read(
      graph(
        `<node id="a"/>
<node id="b"><port name="North"/></node>
<node id="c"><graph edgedefault="directed"><node id="inner"/></graph></node>
<hyperedge><endpoint node="a"/><endpoint node="b"/></hyperedge>
<edge source="a" target="c" sourceport="North"/>
<edge source="a"/>
<node/>
<node id="d"><data key="n">x</data></node>
<node id="e"><data key="n">1</data><data key="n">2</data></node>`,
        '<key id="n" for="node" attr.name="n" attr.type="int"/>',
      ),
    )
    const refused = values.filter((value) => Array.isArray(value))
    expect(refused).toEqual([
      [5, 'a node with ports is not read'],
      [6, 'a graph inside of a node is not read'],
      [7, expect.stringContaining('hyperedge')],
      [8, 'an edge between ports is not read'],
      [9, 'the edge has no target'],
      [10, 'the node has no id'],
      [11, '/properties/n: must be a number, not "x"'],
      [12, 'has data of the key n twice'],
    ])
    expect(values.filter((value) => !Array.isArray(value))).toMatchObject([
      { external_id: 'a' },
      { external_id: 'c' },
    ])
  })

  it.each([
    ['a DOCTYPE', '<!DOCTYPE graphml>\n<graphml/>', 'line 1: a DOCTYPE is not read'],
    [
      'a bomb of entities',
      '<?xml version="1.0"?>\n<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>\n<graphml>&lol2;</graphml>',
      'line 2: a DOCTYPE is not read',
    ],
    [
      'an external entity',
      '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><graphml><graph><node id="&x;"/></graph></graphml>',
      'line 1: a DOCTYPE is not read',
    ],
    [
      'an unknown entity',
      '<graphml>\n<graph><node id="&nbsp;"/></graph></graphml>',
      'line 2: not XML: undefined entity.',
    ],
    ['a tag that is not closed', graph('<node id="a">'), 'line 5: not XML: unexpected close tag.'],
    [
      'an end before its end',
      `<graphml ${XMLNS}>\n<graph>\n<node id="a"/>`,
      'line 3: not XML: unclosed tag: graph',
    ],
    [
      'a character that XML forbids',
      graph('<node id="\u0000"/>'),
      'line 4: not XML: disallowed character.',
    ],
    [
      'a reference to such a character',
      graph('<node id="&#0;"/>'),
      'line 4: not XML: malformed character entity.',
    ],
    [
      'an attribute twice',
      graph('<node id="a" id="b"/>'),
      'line 4: not XML: duplicate attribute: id.',
    ],
    ['something else', '<html/>', 'line 1: the outermost element is <html>, not <graphml>'],
    ['nothing', '', 'not XML: document must contain a root element.'],
    ['JSON', '{"a":1}', 'line 1: not XML'],
    ['many levels', `<graphml>${'<a>'.repeat(50)}`, 'line 1: more than 32 levels of elements'],
  ])('with %s is refused at its line', async (_what, xml, message) => {
    await expect(read(xml)).rejects.toThrow(message)
    await expect(read([...xml])).rejects.toThrow(message)
  })

  it('never keeps more than one record in memory', async () => {
    const megabyte = 'x'.repeat(1024 * 1024)
    const tooMany = MAX_RECORD_CHARACTERS / megabyte.length + 1
    let given = 0
    function* endless(start: string, part: string) {
      yield start
      for (given = 0; given < 100; given += 1) yield part
    }
    const head = `<graphml ${XMLNS}><graph>`
    for (const [start, part] of [
      [`${head}<node id="`, megabyte],
      [`${head}<node id="a"><data key="d">`, megabyte],
      [`${head}<node id="a"><data key="d">`, `${megabyte}<![CDATA[]]>`],
      [`${head}<!--`, megabyte],
      ['<!DOCTYPE ', megabyte],
    ] as const) {
      await expect(read(endless(start, part))).rejects.toThrow(`more than ${MAX_RECORD_CHARACTERS}`)
      expect(given).toBeLessThanOrEqual(tooMany)
    }
  })
})
