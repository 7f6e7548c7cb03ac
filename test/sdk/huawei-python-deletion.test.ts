import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { huawei } from '../support/client.ts'
import { advance, crl, domainTime, until } from '../support/life.ts'
import { crlPem, file, openssl, verify } from '../support/openssl.ts'
import { startService, type Service } from '../support/service.ts'
import { withClient } from './harness.ts'
import { aLeaf, aPendingCa, aRoot, aSubordinate, openPython, pythonClient, runSample } from './huawei-python.ts'
import type { PythonClient } from './huawei-python.ts'

const day = 86_400_000
const nobodys = '11111111-2222-4333-8444-555555555555'

withClient('deleting a CA through Huawei’s Python client', pythonClient, () => {
  let service: Service
  let python: PythonClient
  let root: string
  let rootPem: string
  beforeAll(async () => {
    service = await startService()
    python = openPython(service)
    root = await createCa(aRoot)
    rootPem = (await python.done('ExportCertificateAuthorityCertificate', { ca_id: root })).certificate
  })
  afterAll(async () => {
    await python[Symbol.asyncDispose]()
    await service[Symbol.asyncDispose]()
  })

  const createCa = async (body: object): Promise<string> =>
    (await python.done('CreateCertificateAuthority', { body })).ca_id
  const showCa = (id: string) => python.done('ShowCertificateAuthority', { ca_id: id })
  const remove = (id: string, more: object = {}) => python.call('DeleteCertificateAuthority', { ca_id: id, ...more })
  const disable = (id: string) => python.done('DisableCertificateAuthority', { ca_id: id })
  async function aDisabledCa(): Promise<string> {
    const id = await createCa(aSubordinate(root))
    await disable(id)
    return id
  }
  async function aLeafUnder(issuer: string): Promise<{ id: string; serial: string; notAfter: number; pem: string }> {
    const { certificate_id: id } = await python.done('CreateCertificate', { body: aLeaf(issuer) })
    const shown = await python.done('ShowCertificate', { certificate_id: id })
    const exported = await python.done('ExportCertificate', {
      certificate_id: id,
      body: { is_compressed: 'false', type: 'OTHER' },
    })
    const serial = BigInt(shown.serial_number).toString(16).toUpperCase()
    return { id, serial, notAfter: shown.not_after, pem: exported.certificate }
  }
  /** How many days from now the CA's day is. */
  async function daysLeft(id: string): Promise<number> {
    const { status, delete_time: deleteTime } = await showCa(id)
    expect(status).toBe('DELETED')
    return Math.round((deleteTime - (await domainTime(service))) / day)
  }

  describe('the documented sample', () => {
    test('schedules the deletion of a disabled CA and prints 204', async () => {
      const id = await aDisabledCa()
      expect(await runSample(service, id, '7')).toEqual({ code: 0, lines: ['204', '{}'] })
      expect(await daysLeft(id)).toBe(7)
    })

    test('prints status, request id, code and message of a refusal', async () => {
      const id = await createCa(aSubordinate(root))
      const { code, lines } = await runSample(service, id, '7')
      expect(code).toBe(1)
      expect(lines).toEqual([
        '400',
        expect.stringMatching(/^[0-9a-f]{32}$/),
        'PCA.10010901',
        'deletion is not possible while the CA is ACTIVED; disable it first',
      ])
      expect((await showCa(id)).status).toBe('ACTIVED')
    })
  })

  describe('pending_days (huawei-wire.md §9)', () => {
    test.each([
      [undefined, 30],
      ['', 30],
      ['7', 7],
      ['30', 30],
    ])('%j: the day is %i days away', async (given, days) => {
      const id = await aDisabledCa()
      const request = given === undefined ? {} : { pending_days: given }
      expect(await remove(id, request)).toMatchObject({ ok: true, status: 204, body: null })
      expect(await daysLeft(id)).toBe(days)
    })

    test.each(['6', '31', '07', 'x'])('%j is refused and nothing is done', async (given) => {
      const id = await aDisabledCa()
      const answer = await remove(id, { pending_days: given })
      expect(answer).toMatchObject({ ok: false, status: 400, code: 'PCA.00020001', class: 'ClientRequestException' })
      expect(answer.message).toContain('pending_days')
      expect(await showCa(id)).toMatchObject({ status: 'DISABLED', delete_time: null })
    })

    test('in the body it has no effect', async () => {
      const id = await aDisabledCa()
      const target = `/v1/private-certificate-authorities/${id}`
      const answer = await huawei(service.url, service.credentials, 'DELETE', target, { pending_days: '7' })
      expect(answer.status).toBe(204)
      expect(await daysLeft(id)).toBe(30)
    })
  })

  describe('by state (huawei-ca-lifecycle.md §2)', () => {
    test('PENDING goes at once, whatever pending_days says', async () => {
      const id = await createCa(aPendingCa)
      expect(await remove(id, { pending_days: '30' })).toMatchObject({ ok: true, status: 204 })
      await expectUnknown(id)
    })

    test('EXPIRED is refused until it has been disabled', async () => {
      const id = await createCa(aSubordinate(root, { validity: { type: 'HOUR', value: 1 } }))
      await advance(service, 0.1)
      expect((await showCa(id)).status).toBe('EXPIRED')
      expect(await remove(id)).toMatchObject({
        ok: false,
        status: 400,
        code: 'PCA.10010901',
        message: 'deletion is not possible while the CA is EXPIRED; disable it first',
      })
      await disable(id)
      expect((await showCa(id)).status).toBe('DISABLED')
      expect(await remove(id, { pending_days: '8' })).toMatchObject({ ok: true, status: 204 })
      expect(await daysLeft(id)).toBe(8)
    })

    test('a REVOKED subordinate is scheduled like a disabled one', async () => {
      const id = await createCa(aSubordinate(root))
      const body = { reason: 'CERTIFICATE_AUTHORITY_COMPROMISE' }
      const revoke = () => python.call('RevokeCertificateAuthority', { ca_id: id, body })
      expect(await revoke()).toMatchObject({ ok: true, status: 204 })
      expect(await revoke()).toMatchObject({ ok: false, status: 400, code: 'PCA.10010940' })
      expect(await python.call('CreateCertificate', { body: aLeaf(id) })).toMatchObject({ code: 'PCA.10010902' })
      expect(await remove(id, { pending_days: '7' })).toMatchObject({ ok: true, status: 204 })
      expect(await daysLeft(id)).toBe(7)
      const { serial_number: serial } = await showCa(id)
      const text = await crlText(root, BigInt(serial).toString(16).toUpperCase())
      expect(text).toContain('CA Compromise')
    })

    test('DELETED stays visible with its delete_time, and a second call does not move the day', async () => {
      const id = await aDisabledCa()
      await remove(id, { pending_days: '7' })
      const { delete_time: deleteTime } = await showCa(id)
      expect(await remove(id, { pending_days: '30' })).toMatchObject({
        ok: false,
        status: 400,
        code: 'PCA.10010901',
        message: 'deletion is not possible while the CA is DELETED; its deletion is scheduled already',
      })
      expect((await showCa(id)).delete_time).toBe(deleteTime)
      const { certificate_authorities: listed } = await python.done('ListCertificateAuthority', {
        status: 'DELETED',
        limit: 1000,
      })
      expect(listed).toContainEqual(await showCa(id))
    })

    test('restored it is DISABLED with the same key and no delete_time, and may be enabled and issue', async () => {
      const id = await aDisabledCa()
      await remove(id)
      expect(await python.call('RestoreCertificateAuthority', { ca_id: id })).toMatchObject({ ok: true, status: 204 })
      expect(await showCa(id)).toMatchObject({ status: 'DISABLED', delete_time: null })
      await python.done('EnableCertificateAuthority', { ca_id: id })
      const chain = (await python.done('ExportCertificateAuthorityCertificate', { ca_id: id })).certificate
      const { pem } = await aLeafUnder(id)
      const at = await domainTime(service)
      expect(verify(pem, { roots: rootPem, chain, at })).toMatchObject({ accepted: true })
    })

    /** What each state does not allow: the call is refused with the state in its message, and changes nothing. */
    const issuing = ['CreateCertificate', 'PCA.10010905', 'the issuing CA cannot issue: it is'] as const
    const csr = ['ExportCertificateAuthorityCsr', 'PCA.10010901', 'export of the CSR is not possible while the CA is']
    const exported = ['ExportCertificateAuthorityCertificate', 'PCA.10010901', 'export is not possible while the CA is']
    const activating = [
      'IssueCertificateAuthorityCertificate',
      'PCA.10010901',
      'activation is not possible while the CA is',
    ]
    const importing = [
      'ImportCertificateAuthorityCertificate',
      'PCA.10010901',
      'import is not possible while the CA is',
    ]
    const disabling = ['DisableCertificateAuthority', 'PCA.10010901', 'disabling is not possible while the CA is']
    const enabling = ['EnableCertificateAuthority', 'PCA.10010901', 'enabling is not possible while the CA is']
    const deleting = ['DeleteCertificateAuthority', 'PCA.10010901', 'deletion is not possible while the CA is']
    const restoring = ['RestoreCertificateAuthority', 'PCA.10010901', 'restoring is not possible while the CA is']
    const bodies: Record<string, (id: string) => object> = {
      CreateCertificate: (id) => ({ body: aLeaf(id) }),
      IssueCertificateAuthorityCertificate: (id) => ({
        ca_id: id,
        body: { issuer_id: root, signature_algorithm: 'SHA256', validity: { type: 'DAY', value: 30 } },
      }),
      ImportCertificateAuthorityCertificate: (id) => ({ ca_id: id, body: { certificate: rootPem } }),
    }

    test.each([
      ['PENDING', [issuing, exported, disabling, enabling, restoring]],
      ['ACTIVED', [csr, activating, importing, enabling, deleting, restoring]],
      ['DISABLED', [issuing, csr, exported, activating, importing, disabling, restoring]],
      ['DELETED', [issuing, csr, exported, activating, importing, disabling, enabling, deleting]],
      ['EXPIRED', [issuing, csr, activating, importing, enabling, deleting, restoring]],
    ])('%s refuses what the matrix of §2.1 refuses, and says so', async (state, refused) => {
      const id = await createCa(
        state === 'PENDING'
          ? aPendingCa
          : aSubordinate(root, { validity: { type: 'HOUR', value: state === 'EXPIRED' ? 1 : 10_000 } }),
      )
      if (state === 'DISABLED' || state === 'DELETED') await disable(id)
      if (state === 'DELETED') await remove(id)
      if (state === 'EXPIRED') await advance(service, 0.1)
      for (const [operation = '', code, message] of refused) {
        const answer = await python.call(operation, bodies[operation]?.(id) ?? { ca_id: id })
        expect(answer, operation).toMatchObject({ ok: false, status: 400, code })
        expect(answer.message, operation).toMatch(new RegExp(`^${message} ${state}(?:;|$)`))
      }
      expect((await showCa(id)).status).toBe(state)
    })
  })

  test('a DELETED CA still revokes, and its next CRL has the serial', async () => {
    const id = await createCa(aSubordinate(root))
    const leaf = await aLeafUnder(id)
    await disable(id)
    await remove(id)
    const body = { reason: 'KEY_COMPROMISE' }
    expect(await python.call('RevokeCertificate', { certificate_id: leaf.id, body })).toMatchObject({ status: 204 })
    expect(await crlText(id, leaf.serial)).toContain('Key Compromise')
    expect((await showCa(id)).status).toBe('DELETED')
  })

  test('of two calls at once one schedules, and the other hears of it', async () => {
    await using second = openPython(service)
    const ids = await Promise.all(Array.from({ length: 8 }, () => aDisabledCa()))
    for (const id of ids) {
      const request = (days: string) => ({ ca_id: id, pending_days: days })
      const [first, other] = await Promise.all([
        python.call('DeleteCertificateAuthority', request('7')),
        second.call('DeleteCertificateAuthority', request('30')),
      ])
      expect([first.status, other.status].toSorted((a, b) => Number(a) - Number(b))).toEqual([204, 400])
      const [won, lost] = first.ok ? [7, other] : [30, first]
      expect(['PCA.10010901', 'PCA.10010903']).toContain(lost.code)
      expect(await daysLeft(id)).toBe(won)
    }
  })

  test('on the day it is as if it had never been, but its CRL stays', async () => {
    const id = await createCa(aSubordinate(root))
    const [revoked, valid] = [await aLeafUnder(id), await aLeafUnder(id)]
    const { certificate: caPem } = await python.done('ExportCertificateAuthorityCertificate', { ca_id: id })
    await python.done('RevokeCertificate', { certificate_id: revoked.id, body: { reason: 'SUPERSEDED' } })
    await disable(id)
    await remove(id, { pending_days: '7' })
    await advance(service, 6.9)
    expect((await showCa(id)).status).toBe('DELETED')
    await advance(service, 0.2)
    await expectUnknown(id)

    const final = (await crl(service, id))!
    const text = openssl('crl', '-in', file('crl.pem', crlPem(final)), '-noout', '-text')
    expect(text).toContain(revoked.serial)
    expect(new Date(/Next Update: (.+)/.exec(text)![1]!).getTime()).toBe(valid.notAfter)
    const at = await domainTime(service)
    const checked = { roots: rootPem, chain: caPem, crls: crlPem(final) + crlPem((await crl(service, root))!), at }
    expect(verify(valid.pem, checked)).toMatchObject({ accepted: true })
    expect(verify(revoked.pem, checked).said).toContain('certificate revoked')

    // Its certificates are still there to be read; what can no longer be done with them is said.
    expect((await python.done('ShowCertificate', { certificate_id: valid.id })).status).toBe('ISSUED')
    expect(await python.call('RevokeCertificate', { certificate_id: valid.id, body: {} })).toMatchObject({
      ok: false,
      status: 400,
      code: 'PCA.10010942',
    })
    await advance(service, 30)
    expect((await crl(service, id))!.equals(final)).toBe(true)
    expect(await runSample(service, id)).toMatchObject({
      code: 1,
      lines: ['404', expect.anything(), 'PCA.10010002', expect.anything()],
    })
  })

  test('a dry run is the client’s exception with the result in its message, and schedules nothing', async () => {
    const id = await aDisabledCa()
    const header = { 'X-Certkeep-Dry-Run': 'true' }
    const dry = await python.call('DeleteCertificateAuthority', { ca_id: id, pending_days: '7' }, undefined, header)
    expect(dry).toMatchObject({ ok: false, status: 400, code: 'DryRunOperation', class: 'ClientRequestException' })
    expect(JSON.parse(dry.message!.replace(/^[^{]*/, ''))).toMatchObject({ to: 'pendingDeletion', keepDays: 7 })
    expect((await showCa(id)).status).toBe('DISABLED')
    expect(await remove(id, { pending_days: '7' })).toMatchObject({ ok: true, status: 204 })
  })

  /** Every operation answers as for an id that never was, and no list has it. */
  async function expectUnknown(id: string): Promise<void> {
    for (const operation of [
      'ShowCertificateAuthority',
      'DeleteCertificateAuthority',
      'RestoreCertificateAuthority',
      'EnableCertificateAuthority',
      'ExportCertificateAuthorityCertificate',
      'ExportCertificateAuthorityCsr',
      'ListCaTags',
    ]) {
      const [gone, never] = [
        await python.call(operation, { ca_id: id }),
        await python.call(operation, { ca_id: nobodys }),
      ]
      expect(gone, operation).toMatchObject({ ok: false, status: 404, code: 'PCA.10010002' })
      expect({ ...gone, message: gone.message!.replace(id, nobodys), requestId: '' }).toEqual({
        ...never,
        requestId: '',
      })
    }
    expect(await python.call('CreateCertificate', { body: aLeaf(id) })).toMatchObject({ code: 'PCA.10010002' })
    const { certificate_authorities: listed } = await python.done('ListCertificateAuthority', { limit: 1000 })
    expect(listed.map(({ ca_id: each }: { ca_id: string }) => each)).not.toContain(id)
  }

  /** The text of the CA's CRL once this serial is on it. */
  const crlText = (caId: string, serial: string): Promise<string> =>
    until(`${serial} is on the CRL`, async () => {
      const der = await crl(service, caId)
      const text = der && openssl('crl', '-in', file('crl.pem', crlPem(der)), '-noout', '-text')
      return text?.includes(serial) ? text : undefined
    })
})
