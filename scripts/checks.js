// @ts-check
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../bin/node.js'

/**
 * @typedef {{ name: string, file: string, args: string[] }} Check a JavaScript file that ends with 0 when all is well
 */

/**
 * What must hold of the code before a test is run. Each counts as one test.
 * @type {Check[]}
 */
export const checks = [
  { name: 'types', file: 'node_modules/@typescript/native/bin/tsc', args: ['--noEmit'] },
  { name: 'console-types', file: 'node_modules/@typescript/native/bin/tsc', args: ['--noEmit', '-p', 'console'] },
  { name: 'lint', file: 'node_modules/oxlint/bin/oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'format', file: 'node_modules/prettier/bin/prettier.cjs', args: ['--check', '.'] },
  { name: 'dead-code', file: 'node_modules/knip/bin/knip.js', args: ['--no-progress'] },
  { name: 'imports', file: 'scripts/check-imports.js', args: [] },
].filter(({ name }) => name !== 'console-types' || existsSync(join(root, 'console', 'tsconfig.json')))
