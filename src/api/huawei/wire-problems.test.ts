import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Problem } from '../../kernel/index.ts'
import { handlers } from './door.ts'
import { gatewayErrors, iamErrors, ownErrors, pcaErrors, scmErrors, type WireCode } from './errors.ts'
import { wireOperations } from './routes.ts'
import { wireError, wireProblems } from './wire-problems.ts'

const page = readFileSync(new URL('../../../docs/divergences/huawei.md', import.meta.url), 'utf8')
const codes = (table: Readonly<Record<string, WireCode>>) => Object.values(table).map(({ code }) => code)
const clouds = new Set([pcaErrors, scmErrors, gatewayErrors, iamErrors].flatMap(codes))
const ours = [...Object.entries(wireProblems), ...Object.entries(ownErrors)].filter(([, { code }]) => !clouds.has(code))

describe('docs/divergences/huawei.md', () => {
  const rows = [...page.matchAll(/^\|\s+`((?:PCA|SCM)\.\d+|DryRun\w+)`\s+\|\s+(\d{3})\s+\|\s+`(\w+)/gm)].map(
    ([, code, status, name]) => ({
      code,
      status: Number(status),
      name,
    }),
  )

  test('its table holds every code of our own choosing, with status and name, and no other', () => {
    const expected = ours.map(([name, { code, status }]) => ({ code, status, name }))
    const byCode = (a: { code: string | undefined }, b: { code: string | undefined }) => (a.code! < b.code! ? -1 : 1)
    expect(rows.toSorted(byCode)).toEqual(expected.toSorted(byCode))
  })

  test('no code of ours is used twice, and none is one of the clouds’', () => {
    const all = ours.map(([, { code }]) => code)
    expect(new Set(all).size).toBe(all.length)
    for (const code of all) expect(code).toMatch(/^(?:PCA\.100109\d\d|SCM\.90\d\d|DryRun(?:Operation|NotSupported))$/)
  })

  test('it names every operation of the contract that is not supported, and no other', () => {
    const section = page.split('\n## ').find((each) => each.startsWith('Operations that are not supported')) ?? ''
    const named = [...section.matchAll(/`((?:scm\.)?[A-Z]\w+)`/g)].map(([, name]) => name)
    const speaks = new Set([...Object.keys(handlers), 'KeystoneCreateUserTokenByPassword'])
    expect(new Set(named)).toEqual(new Set(Object.keys(wireOperations).filter((name) => !speaks.has(name))))
  })
})

describe('problems on the wire', () => {
  test('states are the contract’s words, not the core’s', () => {
    const details = { act: 'deletion', state: 'pendingDeletion', hint: 'its deletion is scheduled already' }
    expect(wireError(new Problem('CaStateForbids', 'core text', details))).toMatchObject({
      status: 400,
      code: 'PCA.10010901',
      message: 'deletion is not possible while the CA is DELETED; its deletion is scheduled already',
    })
    expect(wireError(new Problem('IssuerUnusable', 'core text', { state: 'active' }))?.message).toContain('ACTIVED')
    expect(wireError(new Problem('CertificateStateForbids', 'x', { act: 'export', state: 'revoked' }))?.message).toBe(
      'export is not possible while the certificate is REVOKED',
    )
  })

  test('a throttled call says when to come again, in whole seconds rounded up (RFC 9110 §10.2.3)', () => {
    expect(wireError(new Problem('Throttled', 'x', { retryAfterMs: 158 }))).toMatchObject({
      status: 429,
      headers: { 'Retry-After': '1' },
    })
  })

  test('a field of the core’s input is named in the wire’s casing', () => {
    expect(wireError(new Problem('InputInvalid', 'x', { field: 'certificateChain', reason: 'is long' }))?.message).toBe(
      'certificate_chain: is long',
    )
  })

  test.each(['EntitlementsChanged', 'toString', '__proto__', 'constructor'])(
    '%s is no problem of an operation',
    (code) => {
      expect(wireError(new Problem(code, 'x'))).toBeUndefined()
    },
  )
})
