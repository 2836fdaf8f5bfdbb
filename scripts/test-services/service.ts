/** A server that tests run on in place of what comes along with the project. */
export type RunningService = {
  /** For the person at the terminal: name, version and place. */
  readonly description: string
  /** What tells the tests where it is. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

export type ServiceOptions = {
  /** A folder of this run that every account may pass through. */
  readonly folder: string
  readonly postgresVersion: number | undefined
}

/** Starts one, or finds the one that the environment names. Rejects with a UserError. */
export type StartService = (options: ServiceOptions) => Promise<RunningService>
