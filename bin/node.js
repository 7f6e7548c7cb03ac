// @ts-check
// Which Node runs Certkeep. The files of bin/ are read by whatever `node` the caller has, so they keep to syntax that
// Node 12.20 parses: an old Node must get a sentence from us, not a syntax error. All other files need Node 26.
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder that holds package.json, however the launcher was called (symbolic link, other working folder). */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Oldest release that runs us: `engines.node` of package.json. */
export const floor = '26.0.0'

/** Oldest release without a security hole that concerns a server; to be raised when Node publishes a security release. */
export const securityFloor = '26.10.0'

/**
 * @typedef {{ path: string, version: string }} Node an executable and its version, such as 26.10.0
 */

/**
 * Negative when version a is older than b, zero when equal, positive when newer.
 * @param {string} a
 * @param {string} b
 */
export function compareVersions(a, b) {
  return a.localeCompare(b, 'en', { numeric: true })
}

/**
 * The newest that meets the floor, of equals the first; undefined when none does.
 * @param {Node[]} nodes
 */
export function newest(nodes) {
  /** @type {Node | undefined} */
  let best
  for (const node of nodes) {
    if (compareVersions(node.version, floor) < 0) continue
    if (!best || compareVersions(node.version, best.version) > 0) best = node
  }
  return best
}

/**
 * Every Node that can be found, each once, the running one first so that of equals it is the one taken: npm puts the
 * bundled one before a newer, patched one of the system on PATH, so the first found is not good enough.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} folder where node_modules is
 * @returns {Node[]}
 */
function findNodes(env, folder) {
  const platform = 'node-' + process.platform + '-' + process.arch
  const bundled = join(folder, 'node_modules', platform, 'bin', 'node')
  const beside = join(dirname(folder), platform, 'bin', 'node') // where npm puts it when we are a package ourselves
  const onPath = (env.PATH || '').split(delimiter).map((place) => place && join(place, 'node'))
  const running = realPath(process.execPath)

  const nodes = [{ path: process.execPath, version: releaseOf(process.version) }]
  const seen = new Set([running])
  for (const path of [env.npm_node_execpath || '', bundled, beside].concat(onPath)) {
    if (!path || !existsSync(path) || seen.has(realPath(path))) continue
    seen.add(realPath(path))
    // Asked, not read from a package.json: a binary made for another C library is there and cannot run.
    const answer = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10000 })
    if (answer.status === 0) nodes.push({ path, version: releaseOf(answer.stdout.trim()) })
  }
  return nodes.filter((node) => node.version)
}

/**
 * The Node to run with, or why there is none.
 * @param {{ good: 'newest' | 'running' }} wanted the newest there is; or the running one where that will do, without
 *   looking further, which takes a tenth of a second
 * @returns {{ node?: Node, why: string }}
 */
export function chooseNode(wanted) {
  const running = { path: process.execPath, version: releaseOf(process.version) }
  if (wanted.good === 'running' && newest([running])) return { node: running, why: '' }
  const nodes = findNodes(process.env, root)
  const node = newest(nodes)
  if (node) return { node, why: '' }
  const major = floor.replace(/\..*/, '')
  const found = nodes.map((one) => one.version + ' at ' + one.path).join(', ') || 'none'
  const outside = 'install it from https://nodejs.org/en/download or use the image docker.io/library/node:' + major
  const inside = 'on Linux (x64, arm64) npm can bring it along: npm ci --include=optional'
  return { why: `certkeep: Node.js ${major} or newer is needed (found: ${found}); ${outside}; ${inside}` }
}

/**
 * The Node to run with. When there is none, one sentence and the end of this process.
 * @returns {Node}
 */
export function needNode() {
  const { node, why } = chooseNode({ good: 'newest' })
  if (!node) {
    console.error(why)
    process.exit(1)
  }
  if (compareVersions(node.version, securityFloor) < 0) {
    const advice = `use ${securityFloor} or newer, https://nodejs.org/en/download`
    console.error(`certkeep: warning: Node.js ${node.version} has known security holes; ${advice}`)
  }
  return node
}

/**
 * 26.10.0 for v26.10.0; empty for nightlies and release candidates, which are no releases.
 * @param {string} version
 */
function releaseOf(version) {
  return /^v\d+\.\d+\.\d+$/.test(version) ? version.slice(1) : ''
}

/** @param {string} path */
function realPath(path) {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
