const POLL_INTERVAL_MS = 500

/**
 * Asks this process to stop when the shell that npm runs a script in is gone: npm passes a signal
 * on to that shell, and the shell to nobody. Not once `stopping` is aborted: a second signal would end
 * the process at once.
 */
export function endWithNpm(stopping: AbortSignal): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const shell = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(timer)
    if (!stopping.aborted) process.kill(process.pid, 'SIGTERM')
  }, POLL_INTERVAL_MS)
  timer.unref()
}
