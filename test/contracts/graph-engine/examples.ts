import { describe } from 'vitest'
import type { NewEngine } from '../graph-engine.contract.ts'

export function examplesContract(_newEngine: NewEngine): void {
  describe.skip('examples', () => {})
}
