import { type CsvPlan, planCsv } from '../../core/formats/csv/plan.ts'
import { profileCsv } from '../../core/formats/csv/profile.ts'
import { readCsv } from '../../core/formats/csv/read-csv.ts'
import { GRAPHML_DEFAULTS, readGraphml } from '../../core/formats/graphml/read-graphml.ts'
import { readNdjson } from '../../core/formats/ndjson.ts'
import { readPackageLock } from '../../core/formats/package-lock/read-package-lock.ts'
import type { ReadRow } from '../../core/formats/rows.ts'
import { readStix } from '../../core/formats/stix/read-stix.ts'
import type { Kind } from '../../core/log/commands.ts'
import type { ImportOptions } from './options.ts'
import type { Source } from './source.ts'

/** A file whose rows can be read, from the first one each time. */
export type RowSource = {
  /** Which kinds it can have, in the order in which they have to be written. */
  readonly kinds: readonly Kind[]
  readonly rows: () => AsyncGenerator<ReadRow>
  /** How the columns of a CSV file were understood. */
  readonly plan: CsvPlan | null
}

export async function readFileRows(
  source: Source,
  options: ImportOptions,
  onWarning: (message: string) => void,
): Promise<RowSource> {
  const both = { kinds: ['entity', 'relationship'] as const, plan: null }
  switch (options.format) {
    case 'ndjson':
      return { ...both, rows: () => readNdjson(source.chunks()) }
    case 'stix':
      return { ...both, rows: () => readStix(source.chunks()) }
    case 'lockfile':
      return { ...both, rows: () => readPackageLock(source.chunks()) }
    case 'csv': {
      const plan = planCsv(await profileCsv(() => source.chunks()), options)
      return { kinds: [plan.kind], plan, rows: () => readCsv(source.chunks(), plan) }
    }
    case 'graphml': {
      const graphml = {
        entityType: options.type ?? GRAPHML_DEFAULTS.entityType,
        relationshipType: options.relationshipType ?? GRAPHML_DEFAULTS.relationshipType,
        map: options.map,
        onWarning,
      }
      return { ...both, rows: () => readGraphml(source.chunks(), graphml) }
    }
  }
}
