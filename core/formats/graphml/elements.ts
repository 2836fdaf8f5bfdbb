import { brokenAt, MAX_RECORD_CHARACTERS } from '../rows.ts'
import type { XmlEvent } from './xml-events.ts'

type Attributes = ReadonlyMap<string, string>

/** A key, node or edge as it stands in the file. */
export type Element = {
  readonly part: 'key' | 'node' | 'edge'
  readonly line: number
  readonly attributes: Attributes
  /** Text by key. */
  readonly data: ReadonlyMap<string, string>
  /** What yEd draws on it. */
  readonly label: string | null
  /** Of a key: what holds where there are no data of it. */
  readonly defaultText: string | null
  /** Why it cannot be read. */
  readonly fault: string | null
}

export type GraphmlPart =
  | Element
  | { readonly part: 'root' | 'graph'; readonly attributes: Attributes }
  | { readonly part: 'refused'; readonly line: number; readonly message: string }

/** Puts the parts of a GraphML file together from its events; one node or edge in memory at a time. */
export async function* graphmlParts(events: AsyncIterable<XmlEvent>): AsyncGenerator<GraphmlPart> {
  const assembly = new Assembly()
  for await (const event of events) {
    if (event.type === 'text') assembly.addText(event.text)
    else {
      const part = event.type === 'open' ? assembly.open(event) : assembly.close()
      if (part) yield part
    }
  }
}

type Open = Extract<XmlEvent, { type: 'open' }>
type Unfinished = { -readonly [K in keyof Element]: Element[K] } & {
  readonly data: Map<string, string>
}

const REFUSED: Readonly<Record<string, string>> = {
  'node/graph': 'a graph inside of a node is not read',
  'graph/hyperedge': 'a hyperedge joins more than two nodes and is not read',
}
const ELEMENTS: Readonly<Record<string, Element['part']>> = {
  'graphml/key': 'key',
  'graph/node': 'node',
  'graph/edge': 'edge',
}
const WITH_TEXT = ['node/data', 'edge/data', 'key/default']
const LABELS = ['NodeLabel', 'EdgeLabel']

class Assembly {
  /** Elements that are open now, the outermost first; of one that is skipped, nothing inside. */
  readonly #path: Open[] = []
  #skippedDepth = 0
  #current: Unfinished | null = null
  #text: string[] | null = null
  #characters = 0
  #graphs = 0

  open(event: Open): GraphmlPart | null {
    if (this.#skippedDepth > 0) {
      this.#skippedDepth += 1
      return null
    }
    const parent = this.#path.at(-1)
    if (!parent) return this.#openRoot(event)
    const place = `${parent.name}/${event.name}`
    if (!event.isGraphml) return this.#openForeign(event)
    if (REFUSED[place]) return this.#refuse(event, REFUSED[place])
    if (place === 'graphml/graph') return this.#openGraph(event)
    const part = ELEMENTS[place]
    if (part) this.#current = unfinished(part, event)
    else if (WITH_TEXT.includes(place)) this.#text = []
    else {
      if (place === 'node/port' && this.#current) {
        this.#current.fault = 'a node with ports is not read'
      }
      this.#skippedDepth = 1
      return null
    }
    if (part) this.#characters = 0
    this.#path.push(event)
    return null
  }

  close(): GraphmlPart | null {
    if (this.#skippedDepth > 0) {
      this.#skippedDepth -= 1
      return null
    }
    const closed = this.#path.pop()
    const current = this.#current
    if (!closed || !current) return null
    const place = `${this.#path.at(-1)?.name}/${closed.name}`
    if (closed.isGraphml && ELEMENTS[place]) {
      this.#current = null
      return current
    }
    if (this.#text === null) return null
    const text = this.#text.join('')
    if (!closed.isGraphml) {
      if (!LABELS.includes(closed.name)) return null
      current.label ??= text.trim() || null
      this.#text = []
    } else {
      if (closed.name === 'default') current.defaultText = text
      else this.#endData(current, closed.attributes.get('key') ?? '', text)
      this.#text = null
    }
    return null
  }

  addText(text: string): void {
    if (this.#text === null || this.#skippedDepth > 0) return
    this.#characters += text.length
    if (this.#characters > MAX_RECORD_CHARACTERS) {
      const message = `has more than ${MAX_RECORD_CHARACTERS} characters`
      throw brokenAt(this.#current?.line ?? 1, message)
    }
    this.#text.push(text)
  }

  #openRoot(event: Open): GraphmlPart {
    if (event.name !== 'graphml' || !event.isGraphml) {
      throw brokenAt(event.line, `the outermost element is <${event.name}>, not <graphml>`)
    }
    this.#path.push(event)
    return { part: 'root', attributes: event.attributes }
  }

  #openGraph(event: Open): GraphmlPart {
    this.#graphs += 1
    if (this.#graphs > 1) return this.#refuse(event, 'a second graph in one file is not read')
    this.#path.push(event)
    return { part: 'graph', attributes: event.attributes }
  }

  /** What yEd draws a node with has its label in it, as deep as it likes. */
  #openForeign(event: Open): null {
    if (this.#text === null) this.#skippedDepth = 1
    else {
      if (LABELS.includes(event.name)) this.#text = []
      this.#path.push(event)
    }
    return null
  }

  #endData(current: Unfinished, key: string, text: string): void {
    if (current.data.has(key)) current.fault = `has data of the key ${key} twice`
    current.data.set(key, text)
  }

  #refuse({ line }: Open, message: string): GraphmlPart {
    this.#skippedDepth = 1
    return { part: 'refused', line, message }
  }
}

function unfinished(part: Element['part'], { line, attributes }: Open): Unfinished {
  return {
    ...{ part, line, attributes, data: new Map<string, string>() },
    ...{ label: null, defaultText: null, fault: null },
  }
}
