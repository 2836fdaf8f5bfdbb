import { SaxesParser } from 'saxes'
import { brokenAt, type Chunks, MAX_RECORD_CHARACTERS } from '../rows.ts'
import { decoded } from '../text.ts'

/** Namespace of GraphML; files without any are read as well. */
export const GRAPHML = 'http://graphml.graphdrawing.org/xmlns'
/** Namespace of what only this system's reader needs to know. */
export const OWN = 'urn:tendril:graphml'

/** Deeper than any GraphML needs; its extensions draw nodes with a few more levels. */
const MAX_DEPTH = 32

export type XmlEvent =
  | {
      readonly type: 'open'
      readonly line: number
      readonly name: string
      /** Whether it is an element of GraphML and not of an extension. */
      readonly isGraphml: boolean
      /** Those without a namespace by their name, our own as `own:<name>`. */
      readonly attributes: ReadonlyMap<string, string>
    }
  | { readonly type: 'close' }
  | { readonly type: 'text'; readonly text: string }

/**
 * Elements and text of an XML file. Knows no entities but the five of XML, and refuses a DOCTYPE.
 * Throws, naming the line, where the file is not well-formed.
 */
export async function* xmlEvents(chunks: Chunks): AsyncGenerator<XmlEvent> {
  let events: XmlEvent[] = []
  let depth = 0
  let sinceEvent = 0
  const parser = new SaxesParser({ xmlns: true, position: true })
  const push = (event: XmlEvent) => {
    sinceEvent = 0
    events.push(event)
  }
  parser.on('error', (error) => {
    throw brokenAt(parser.line, `not XML: ${error.message.replace(/^\d+:\d+: /, '')}`)
  })
  parser.on('doctype', () => {
    throw brokenAt(parser.line, 'a DOCTYPE is not read')
  })
  parser.on('opentag', ({ local, uri, attributes }) => {
    depth += 1
    if (depth > MAX_DEPTH) throw brokenAt(parser.line, `more than ${MAX_DEPTH} levels of elements`)
    const isGraphml = uri === GRAPHML || uri === ''
    push({ type: 'open', line: parser.line, name: local, isGraphml, attributes: mapOf(attributes) })
  })
  parser.on('closetag', () => {
    depth -= 1
    push({ type: 'close' })
  })
  parser.on('text', (text) => push({ type: 'text', text }))
  parser.on('cdata', (text) => push({ type: 'text', text }))
  for await (const text of decoded(chunks)) {
    sinceEvent += text.length
    parser.write(text)
    // One tag or text, of which the parser keeps everything until its end.
    if (sinceEvent > MAX_RECORD_CHARACTERS) {
      throw brokenAt(parser.line, `a tag or text of more than ${MAX_RECORD_CHARACTERS} characters`)
    }
    yield* events
    events = []
  }
  parser.close()
  yield* events
}

type Attribute = { readonly local: string; readonly uri: string; readonly value: string }

function mapOf(attributes: Readonly<Record<string, Attribute>>): Map<string, string> {
  const map = new Map<string, string>()
  for (const { local, uri, value } of Object.values(attributes)) {
    if (uri === '') map.set(local, value)
    else if (uri === OWN) map.set(`own:${local}`, value)
  }
  return map
}
