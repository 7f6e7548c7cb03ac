// @ts-check
import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './launch.js'
import { root } from './node.js'

/**
 * @typedef {{ version?: string, dev?: boolean, optional?: boolean, devOptional?: boolean }} Entry
 * @typedef {{ dev: boolean }} Wanted with development packages, or only what the server needs
 */

/**
 * Why the installed packages will not do; empty when they will. npm keeps a record of what it installed
 * (node_modules/.package-lock.json, written last), so no other is needed and an `npm ci` made by hand counts.
 * More than is wanted does no harm: with development packages the server starts just as well.
 * @param {Wanted} wanted
 * @param {string} folder where package-lock.json is
 */
export function whyInstall(wanted, folder) {
  if (isLink(join(folder, 'node_modules'))) return '' // somebody else's, for them to keep in order
  const locked = packagesIn(join(folder, 'package-lock.json'))
  if (!locked) return 'package-lock.json cannot be read'
  const installed = packagesIn(join(folder, 'node_modules', '.package-lock.json'))
  if (!installed) return 'packages are not installed'

  for (const [place, entry] of Object.entries(locked)) {
    if (place === '') continue // the project itself
    const name = place.replace(/^.*node_modules\//, '')
    const present = installed[place]
    if (present) {
      if (present.version !== entry.version) return `package ${name} is not at version ${entry.version}`
    } else if (!entry.optional && !entry.devOptional && (wanted.dev || !entry.dev)) {
      return `package ${name} is not installed`
    }
  }
  return ''
}

/**
 * Brings node_modules in line with package-lock.json when it is not, and says what happens. When that fails: one
 * sentence, and false.
 * @param {Wanted} wanted
 */
export async function needPackages(wanted) {
  const why = whyInstall(wanted, root)
  if (!why) return true

  const args = wanted.dev ? ['ci', '--include=dev', '--include=optional'] : ['ci', '--omit=dev']
  const said = 'npm ' + args.join(' ')
  // npm may be running on an older Node than ours. That is as meant: its warnings about it are left out, and a user's
  // engine-strict must not make failures of them.
  args.push('--loglevel=error', '--no-audit', '--no-fund', '--no-engine-strict')
  const npm = process.env.npm_execpath || ''
  const viaNpm = npm.endsWith('npm-cli.js')
  const node = process.env.npm_node_execpath || process.execPath

  console.error(`certkeep: ${why}; running ${said}`)
  const begun = Date.now()
  try {
    const { code, signal } = await run(viaNpm ? node : 'npm', viaNpm ? [npm, ...args] : args, { cwd: root })
    if (code === 0) {
      console.error(`certkeep: packages installed in ${((Date.now() - begun) / 1000).toFixed(1)} s`)
      return true
    }
    console.error(`certkeep: ${said} failed (${signal || 'exit code ' + code}); npm says why above`)
  } catch (error) {
    console.error(`certkeep: npm, which comes with Node.js, cannot be started: ${String(error)}`)
  }
  return false
}

/**
 * @param {string} file
 * @returns {Record<string, Entry> | undefined} by folder, such as node_modules/fastify
 */
function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

/** @param {string} path */
function isLink(path) {
  try {
    return lstatSync(path).isSymbolicLink()
  } catch {
    return false
  }
}
