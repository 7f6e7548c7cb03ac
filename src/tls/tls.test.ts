import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { day } from '../kernel/index.ts'
import { openCore } from '../../test/support/core.ts'
import { givenFiles, instanceCertificate, TlsError, type TlsIdentity } from './index.ts'
import { isMissing } from '../../test/support/tools.ts'

const shown = ({ certificate }: TlsIdentity): X509Certificate => new X509Certificate(certificate)

describe('the certificate of its own', () => {
  async function aSource(names: readonly string[] = ['keep.example', '192.0.2.1']) {
    const core = await openCore()
    const clock = { at: Date.now(), now: () => clock.at }
    const needs = { ...core.deps, values: core.meta, accountId: 'instance', wallClock: clock }
    return {
      core,
      clock,
      source: instanceCertificate(needs, names),
      named: (others: readonly string[]) => instanceCertificate(needs, others),
      [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
    }
  }

  test('is signed by an authority of this instance, which clients can trust', async () => {
    await using own = await aSource()
    const identity = await own.source.current()
    const authority = new X509Certificate(identity.authority!)
    expect(shown(identity).verify(authority.publicKey)).toBe(true)
    expect(authority.ca).toBe(true)
    expect(shown(identity).checkHost('keep.example')).toBe('keep.example')
    expect(shown(identity).checkIP('192.0.2.1')).toBe('192.0.2.1')
    expect(() => createSecureContext({ cert: identity.certificate, key: identity.privateKey })).not.toThrow()
  })

  test('stays the same, and so does its authority, until a third of its time is left', async () => {
    await using own = await aSource()
    const first = await own.source.current()
    own.clock.at += 59 * day
    expect(await own.source.current()).toEqual(first)
    own.clock.at += 2 * day
    const second = await own.source.current()
    expect(shown(second).serialNumber).not.toBe(shown(first).serialNumber)
    expect(second.notAfter).toBeGreaterThan(first.notAfter)
    expect(second.authority).toEqual(first.authority)
  })

  test('of two processes that begin at once, both end with one authority', async () => {
    await using own = await aSource()
    const [one, other] = await Promise.all([own.source.current(), own.named(['other.example']).current()])
    expect(one.authority).toEqual(other.authority)
    const spki = new X509Certificate(one.authority!).publicKey.export({ type: 'spki', format: 'der' })
    expect(await own.core.deps.keys.searchByPublicKey(spki)).toHaveLength(1)
  })

  test('is made anew when the names change', async () => {
    await using own = await aSource()
    const first = await own.source.current()
    const second = await own.named(['other.example']).current()
    expect(shown(second).checkHost('other.example')).toBe('other.example')
    expect(second.authority).toEqual(first.authority)
  })

  test('a renewed authority has the same name and key: who trusts the old one goes on', async () => {
    await using own = await aSource()
    const first = await own.source.current()
    own.clock.at += 9.5 * 365 * day
    const later = await own.source.current()
    const [old, renewed] = [first, later].map(({ authority }) => new X509Certificate(authority!))
    expect(renewed!.serialNumber).not.toBe(old!.serialNumber)
    expect(renewed!.subject).toBe(old!.subject)
    expect(shown(later).verify(old!.publicKey)).toBe(true)
  })

  test('names that no certificate can hold are left out', async () => {
    await using own = await aSource(['under_score', '', 'good.example', '999.1.1.1'])
    expect(shown(await own.source.current()).subjectAltName).toBe('DNS:good.example')
  })

  test('neither private key lies open in the database', async () => {
    await using own = await aSource()
    const { privateKey } = await own.source.current()
    const stored = (await own.core.meta.read('tls.certificate'))!
    expect(stored).not.toContain(privateKey.split('\n')[1])
    const spki = new X509Certificate((await own.source.current()).authority!).publicKey
    expect(await own.core.deps.keys.searchByPublicKey(spki.export({ type: 'spki', format: 'der' }))).toHaveLength(1)
  })
})

describe.skipIf(isMissing('openssl'))('given files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'certkeep-tls-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const at = (name: string) => join(folder, name)
  const make = (name: string) =>
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3'].concat([
        '-subj',
        `/CN=${name}`,
        '-keyout',
        at(`${name}.key`),
        '-out',
        at(`${name}.pem`),
      ]),
      { stdio: 'ignore' },
    )
  beforeAll(() => {
    make('one')
    make('two')
  })

  const source = (certificate: string, privateKey: string) =>
    givenFiles({ certificate: at(certificate), privateKey: at(privateKey) })

  test('are read as they are at each call', async () => {
    const given = source('one.pem', 'one.key')
    const first = await given.current()
    expect(shown(first).subject).toBe('CN=one')
    expect(first.authority).toBeUndefined()
    const kept = { pem: readFileSync(at('one.pem')), key: readFileSync(at('one.key')) }
    writeFileSync(at('one.pem'), readFileSync(at('two.pem')))
    writeFileSync(at('one.key'), readFileSync(at('two.key')))
    expect(shown(await given.current()).subject).toBe('CN=two')
    writeFileSync(at('one.pem'), kept.pem)
    writeFileSync(at('one.key'), kept.key)
  })

  test.each([
    ['one.pem', 'two.key', 'does not belong to'],
    ['one.key', 'one.key', 'holds no certificate'],
    ['one.pem', 'one.pem', 'holds no private key'],
    ['none.pem', 'one.key', 'cannot be read (ENOENT)'],
    ['one.pem', 'none.key', 'cannot be read (ENOENT)'],
  ])('%s with %s: one sentence, which shows nothing of what is in them', async (certificate, privateKey, words) => {
    const error = await source(certificate, privateKey)
      .current()
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TlsError)
    expect((error as Error).message).toContain(words)
    expect((error as Error).message).not.toContain('BEGIN')
  })
})
