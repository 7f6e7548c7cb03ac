// @ts-check
// npm test [-- options]: installs what is missing, then runs the checks and the tests (scripts/run-tests.js).
import { join } from 'node:path'
import { endLike, fail, runScript } from './launch.js'
import { root } from './node.js'
import { needPackages } from './packages.js'

let counted = false
process.on('exit', () => {
  if (!counted) console.log('0 passed, 1 failed') // what could not begin has failed, and the last line says so
})

/** @param {string[]} args */
async function test(args) {
  if (!(await needPackages({ dev: true }))) process.exit(1)
  const running = runScript(join(root, 'scripts', 'run-tests.js'), args)
  counted = true // from here on that script does it
  endLike(await running)
}

test(process.argv.slice(2)).catch(fail)
