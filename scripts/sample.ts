import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { postRows } from './import/post-rows.ts'

/** Rows one request carries: small enough that progress moves. */
const ROWS_PER_REQUEST = 1_000

/**
 * Loads the sample graph through the API: 3,376 US airports with their coordinates and the 5,366
 * routes flown between them, from the npm package vega-datasets. Can be repeated without doubles.
 */
export async function loadSample(
  baseUrl: string,
  apiKey: string,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const rows = [...(await airports()), ...(await routes())]
  for (let start = 0; start < rows.length; start += ROWS_PER_REQUEST) {
    const part = rows.slice(start, start + ROWS_PER_REQUEST)
    const report = await postRows(
      { baseUrl, apiKey, graph: 'default' },
      part.map((row) => JSON.stringify(row)),
    )
    const [problem] = report.errors
    if (problem) throw new Error(`the sample graph was refused: ${problem.message}`)
    onProgress(start + part.length, rows.length)
  }
}

export async function airports() {
  const rows = await readCsv('airports.csv')
  return rows.map(({ iata, name, city, state, country, latitude, longitude }) => ({
    kind: 'entity',
    type: 'airport',
    external_id: iata,
    name,
    location: { lat: Number(latitude), lon: Number(longitude) },
    properties: { city, state, country },
  }))
}

export async function routes() {
  const rows = await readCsv('flights-airport.csv')
  return rows.map(({ origin, destination, count }) => ({
    kind: 'relationship',
    type: 'route',
    external_id: `${origin}-${destination}`,
    from_external_id: origin,
    to_external_id: destination,
    properties: { flights: Number(count) },
  }))
}

async function readCsv(file: string): Promise<Readonly<Record<string, string>>[]> {
  const folder = join(import.meta.dirname, '..', 'node_modules', 'vega-datasets', 'data')
  return parse(await readFile(join(folder, file)), { columns: true })
}
