// Runs before `npm start`, `npm test`, `npm run deploy` and the like, on whatever Node the machine has: plain
// JavaScript, nothing but Node's own modules.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const OLDEST_NODE = 20
const root = fileURLToPath(new URL('..', import.meta.url))
const modules = join(root, 'node_modules')

const problem = check() ?? (isInstalled() ? linkNode() : install())
if (problem !== undefined) {
  console.error(problem)
  process.exitCode = 1
}

/** What makes installing pointless, as a sentence; undefined when nothing does. */
function check() {
  const major = Number.parseInt(process.versions.node, 10)
  if (major < OLDEST_NODE) {
    return `Tendril needs Node ${OLDEST_NODE} or newer to install; this is ${process.version}.`
  }
  if (process.platform === 'linux' && !runsOnGlibc()) {
    return (
      'Tendril runs on workerd, which needs glibc, and this system (Alpine?) uses another C ' +
      'library: use Debian, Ubuntu, Fedora or an image based on one of them.'
    )
  }
  return undefined
}

function runsOnGlibc() {
  // Without this the report asks the network for names, which can take seconds.
  process.report.excludeNetwork = true
  return process.report.getReport().header.glibcVersionRuntime !== undefined
}

/**
 * Whether node_modules holds what package-lock.json asks for, by npm's own record, which it writes
 * when an install is complete: one that was made by hand counts, one that was cut off does not.
 */
function isInstalled() {
  const installed = packagesOf(join(modules, '.package-lock.json'))
  if (installed === undefined) return false
  return Object.entries(packagesOf(join(root, 'package-lock.json')) ?? {}).every(
    ([path, { version, optional }]) => {
      const found = installed[path]
      // Optional packages are those for other machines; '' is the project itself.
      return path === '' || (found === undefined ? optional === true : found.version === version)
    },
  )
}

function packagesOf(lockfile) {
  try {
    return JSON.parse(readFileSync(lockfile, 'utf8')).packages
  } catch {
    // Missing, or cut off while it was written.
    return undefined
  }
}

function install() {
  console.log('Installing the packages of package-lock.json; this takes a minute or two.')
  // Not `npm ci`: it refuses a lock file in which the builds for other systems are missing, and
  // this one was written against a registry that has few of them. Without saving, the file stays
  // as it is. A production NODE_ENV would leave out what the local stack consists of.
  const result = npm('install', '--no-save', '--include=dev', '--loglevel=error')
  if (result.error?.code === 'ENOENT') return 'npm was not found: install Node with npm.'
  if (result.status !== 0) {
    return 'Installing the packages failed; what npm said is above. Nothing was started.'
  }
  linkNode()
  // Not the package `node`: its install script runs npm inside of npm, and the two trip over each other.
  if (!hasNode() && process.platform !== 'win32') {
    return (
      'npm left out the Node that Tendril runs on (optional packages omitted in its configuration, ' +
      'or a system without one): allow them, delete node_modules, and start again.'
    )
  }
  return undefined
}

/**
 * npm 10 links the program `node` of this system's package, and then removes the link together with
 * the packages for other systems, whose programs have the same name.
 */
function linkNode() {
  const name = hasNode() ? undefined : programs().find((each) => /^node-/.test(each))
  if (name !== undefined) npm('rebuild', name, '--loglevel=error')
}

/** Packages that hold a Node for this system. */
function programs() {
  if (!existsSync(modules)) return []
  return readdirSync(modules).filter((name) => existsSync(join(modules, name, 'bin', 'node')))
}

function hasNode() {
  return existsSync(join(modules, '.bin', 'node'))
}

function npm(...args) {
  return spawnSync('npm', args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    // npm must not run on the Node inside the folder that it is about to replace.
    env: { ...process.env, PATH: pathWithout(modules) },
  })
}

function pathWithout(folder) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((entry) => !`${entry}${sep}`.startsWith(`${folder}${sep}`))
    .join(delimiter)
}
