import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/service.ts'
import { openProgram } from './lines.ts'
import { verifierSuite } from './suite.ts'

verifierSuite(
  'Go’s crypto/x509',
  { installed: spawnSync('go', ['version']).status === 0, command: 'apt-get install golang-go' },
  async () => {
    const program = join(temporaryFolder(), 'verify')
    execFileSync('go', ['build', '-buildvcs=false', '-o', program, '.'], {
      cwd: fileURLToPath(new URL('go/', import.meta.url)),
    })
    return openProgram(program, [])
  },
  {
    expired: /certificate has expired or is not yet valid: current time \S+ is after/,
    notYetValid: /certificate has expired or is not yet valid: current time \S+ is before/,
    revoked: /is revoked/,
    noIssuer: /certificate signed by unknown authority/,
    pathTooLong: /too many intermediates for path length constraint/,
    nameNotPermitted: /is not permitted by any constraint|is excluded by constraint/,
  },
)
