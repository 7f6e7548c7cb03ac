// @ts-check
// npm test [-- options]: installs what is missing, then runs the checks and the tests (scripts/run-tests.js).
import { join } from 'node:path'
import { endLike, fail, runScript } from './launch.js'
import { root } from './node.js'
import { needPackages } from './packages.js'

/** @param {string[]} args */
async function test(args) {
  if (!(await needPackages({ dev: true }))) {
    console.log('0 passed, 1 failed')
    process.exit(1)
  }
  endLike(await runScript(join(root, 'scripts', 'run-tests.js'), args))
}

test(process.argv.slice(2)).catch(fail)
