import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** Each in a process of its own, since they measure memory and CPU time. Options are those of http.ts. */
const PARTS = [
  { title: 'Bytes, loading and changes', args: ['--expose-gc', 'memory.ts'], takesOptions: false },
  { title: 'The same searches in SQL', args: ['sql.ts'], takesOptions: false },
  { title: 'Over HTTP', args: ['http.ts'], takesOptions: true },
] as const

for (const { title, args, takesOptions } of PARTS) {
  console.log(`\n${title}\n`)
  const flags = args.slice(0, -1)
  const file = join(import.meta.dirname, args.at(-1) ?? '')
  const options = takesOptions ? process.argv.slice(2) : []
  const { status } = spawnSync(process.execPath, [...flags, file, ...options], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
