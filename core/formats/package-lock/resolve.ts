/** A package as a lockfile has it, at one place of the tree. */
export type LockEntry = {
  readonly name?: string | undefined
  readonly version?: string | undefined
  readonly link?: boolean | undefined
  readonly resolved?: string | undefined
}

/**
 * The place that `name` means to a module at `path`: the nearest `node_modules` upwards that has it, as
 * Node looks for it. A link leads to the folder it names. `null`: it is not installed.
 */
export function resolveDependency(
  packages: ReadonlyMap<string, LockEntry>,
  path: string,
  name: string,
): string | null {
  for (let folder: string | null = path; folder !== null; folder = parentOf(folder)) {
    // A folder node_modules is never searched for a node_modules of its own.
    if (folder === 'node_modules' || folder.endsWith('/node_modules')) continue
    const place = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`
    const entry = packages.get(place)
    if (!entry) continue
    if (!entry.link) return place
    return entry.resolved !== undefined && packages.has(entry.resolved) ? entry.resolved : place
  }
  return null
}

function parentOf(path: string): string | null {
  if (path === '') return null
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '' : path.slice(0, slash)
}
