/**
 * `corrupt`: not a topology, or its bytes were changed. `truncated`: it begins as one, and bytes are missing
 * at its end. `version`: written by another version of this code. `mismatch`: changes that do not
 * fit what they are applied to. In every case the remedy is to build it anew from the database.
 */
export type TopologyFault = 'corrupt' | 'truncated' | 'version' | 'mismatch'

export class TopologyError extends Error {
  readonly fault: TopologyFault

  constructor(fault: TopologyFault, message: string) {
    super(message)
    this.name = 'TopologyError'
    this.fault = fault
  }
}
