/** Whether anything runs under this pid, be it of another user. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM: alive, of another user. ESRCH, or NaN: nobody there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
