/** Ends a process at once, and all of its group when it leads one. Does nothing if it is gone. */
export function killTree(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL')
    } catch (error) {
      // ESRCH: it has ended, or leads no group. EPERM, of macOS: the group has only zombies.
      const code = error instanceof Error && 'code' in error && error.code
      if (code !== 'ESRCH' && !(code === 'EPERM' && target < 0)) throw error
    }
  }
}
