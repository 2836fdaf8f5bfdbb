/** Tells the person at the terminal what is happening and how long each part took. */
export type Phases = {
  /** Runs one part and prints its name and seconds when it is done; several may overlap. */
  run<T>(name: string, work: (report: (progress: string) => void) => Promise<T>): Promise<T>
}

const NAME_COLUMNS = 22
const LINE_INTERVAL_MS = 1_000
const ERASE_LINE = '\r\u001b[K'

/** On a terminal progress is rewritten in place, elsewhere it is a line at most each second. */
export function phases(out: NodeJS.WriteStream): Phases {
  return {
    async run(name, work) {
      const startedMs = performance.now()
      const label = `  ${name.padEnd(NAME_COLUMNS)}`
      let reportedMs = startedMs
      let last = ''
      const result = await work((progress) => {
        last = progress
        if (out.isTTY) out.write(`${ERASE_LINE}${label}${progress}`)
        else if (performance.now() - reportedMs > LINE_INTERVAL_MS) {
          reportedMs = performance.now()
          out.write(`${label}${progress}\n`)
        }
      })
      const end = `${seconds(performance.now() - startedMs).padStart(7)}${last && `   ${last}`}`
      out.write(`${out.isTTY && last ? ERASE_LINE : ''}${label}${end}\n`)
      return result
    },
  }
}

/** Milliseconds as text like `4.2 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
