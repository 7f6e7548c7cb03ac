// @ts-check
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { isatty } from 'node:tty'
import { pathToFileURL } from 'node:url'
import { needNode, root } from './node.js'

/**
 * @typedef {{ code: number | null, signal: NodeJS.Signals | null }} Ending how a process ended: by itself or by a signal
 */

/** The main file: the published package has JavaScript made of src/, since Node strips no types under node_modules. */
export function entryOf() {
  const source = join(root, 'src', 'cli', 'main.ts')
  return existsSync(source) ? source : join(root, 'dist', 'cli', 'main.js')
}

/**
 * Runs `certkeep` with these arguments: in this process when that is a good Node, else in a child that stands for it.
 * Importing its main file is what runs it, in both cases.
 * @param {string[]} args
 */
export async function runCertkeep(args) {
  const entry = entryOf()
  const node = needNode()
  if (node.path === process.execPath) {
    process.argv = [process.execPath, entry, ...args]
    await import(pathToFileURL(entry).href)
  } else {
    endLike(await run(node.path, [entry, ...args]))
  }
}

/**
 * Runs a JavaScript file in a child with a good Node, which the child's own children find as `node` too.
 * @param {string} file
 * @param {string[]} args
 */
export function runScript(file, args) {
  const node = needNode()
  const PATH = dirname(node.path) + delimiter + (process.env.PATH || '')
  return run(node.path, [file, ...args], { env: { ...process.env, PATH } })
}

/**
 * Runs a program on our own input and output, and hands our signals on to it.
 * @param {string} command
 * @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string }} [options] ours when left out
 * @returns {Promise<Ending>} rejected when the program cannot be started
 */
export function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options })
    /** @type {NodeJS.Signals[]} */
    const signals = ['SIGTERM', 'SIGINT', 'SIGHUP']
    /** @param {NodeJS.Signals} signal */
    const handOn = (signal) => {
      // A terminal sends Ctrl-C to all its processes, the child among them: handed on, it would arrive twice, and a
      // server that is stopping cleanly may take the second one for impatience.
      if (signal === 'SIGINT' && isatty(0)) return
      child.kill(signal)
    }
    const leave = () => signals.forEach((signal) => process.removeListener(signal, handOn))
    signals.forEach((signal) => process.on(signal, handOn))
    child.on('error', (error) => {
      leave()
      reject(error)
    })
    child.on('close', (code, signal) => {
      leave()
      resolve({ code, signal })
    })
  })
}

/**
 * Ends this process as the other one ended, so that whoever waits for us sees the same code or signal.
 * @param {Ending} ending
 */
export function endLike(ending) {
  if (!ending.signal) process.exit(ending.code === null ? 1 : ending.code)
  // The code is for where the signal does nothing: ignored by the one who started us, or process 1 of a container.
  process.exitCode = 128 + constants.signals[ending.signal]
  process.kill(process.pid, ending.signal)
}

/** @param {unknown} error what should not have happened */
export function fail(error) {
  console.error(error)
  process.exit(1)
}
