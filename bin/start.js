// @ts-check
// npm start [-- arguments]: installs what is missing, then runs `certkeep serve` with these arguments.
import { fail, runCertkeep } from './launch.js'
import { needPackages } from './packages.js'

/** @param {string[]} args */
async function start(args) {
  if (!(await needPackages({ dev: false }))) process.exit(1)
  console.error('certkeep: running certkeep ' + args.join(' '))
  await runCertkeep(args)
}

start(['serve', ...process.argv.slice(2)]).catch(fail)
