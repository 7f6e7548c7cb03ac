import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { compareVersions, floor, newest, root, securityFloor } from './node.js'

describe('the choice of a Node', () => {
  const node = (path: string, version: string) => ({ path, version })

  test.each([
    ['26.9.0', '26.10.0', -1],
    ['26.10.0', '26.10.0', 0],
    ['100.0.0', '26.10.10', 1],
    ['26.10.9', '26.10.10', -1],
  ])('%s against %s', (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b))).toBe(sign)
  })

  test('falls on the newest, and of equals on the first', () => {
    const nodes = [node('/own', '26.10.0'), node('/old', '20.20.2'), node('/new', '26.11.1'), node('/same', '26.11.1')]
    expect(newest(nodes)?.path).toBe('/new')
    expect(newest(nodes.slice(0, 2))?.path).toBe('/own')
  })

  test('falls on none below the floor', () => {
    expect(newest([node('/old', '20.20.2'), node('/older', '25.99.99')])).toBeUndefined()
  })

  test('has the floor that package.json declares, and brings along one that is safe', () => {
    expect(manifest.engines.node).toBe(`>=${floor.replace(/\.0\.0$/, '')}`)
    for (const bundled of Object.values(manifest.optionalDependencies)) {
      expect(compareVersions(bundled, securityFloor)).toBeGreaterThanOrEqual(0)
    }
  })
})

describe('the syntax of the launcher', () => {
  const files = readdirSync(join(root, 'bin')).filter((file) => file.endsWith('.js'))

  test.each(files)('%s is read by Node 12', (file) => {
    const source = readFileSync(join(root, 'bin', file), 'utf8')
    const as = (target: ts.ScriptTarget) => ts.transpile(source, { target, module: ts.ModuleKind.ESNext })
    expect(as(ts.ScriptTarget.ES2019)).toBe(as(ts.ScriptTarget.ESNext))
    expect(source).not.toMatch(/^(\w.*\s)?await\s/m) // awaiting outside a function came with Node 14
  })
})
