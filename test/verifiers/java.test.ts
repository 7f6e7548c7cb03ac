import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/service.ts'
import { openProgram } from './lines.ts'
import { verifierSuite } from './suite.ts'

verifierSuite(
  'Java’s CertPathValidator',
  { installed: spawnSync('javac', ['-version']).status === 0, command: 'apt-get install default-jdk-headless' },
  async () => {
    const classes = temporaryFolder()
    execFileSync('javac', ['-d', classes, fileURLToPath(new URL('java/Verify.java', import.meta.url))])
    return openProgram('java', ['-cp', classes, 'Verify'])
  },
  {
    expired: /^refused EXPIRED/,
    notYetValid: /^refused NOT_YET_VALID/,
    revoked: /^refused REVOKED/,
    noIssuer: /^refused NO_TRUST_ANCHOR/,
    pathTooLong: /^refused PATH_TOO_LONG/,
    nameNotPermitted: /^refused INVALID_NAME/,
  },
)
