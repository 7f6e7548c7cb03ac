import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dayMs, openClient, styles, type Answer, type Client } from './door.fixture.ts'

describe('DeleteUserCertificate, 2020-04-07', () => {
  let client: Client
  let issuerId: string
  beforeAll(async () => {
    client = await openClient()
    issuerId = await client.createCa('Root of deletions')
  })
  afterAll(() => client[Symbol.asyncDispose]())

  const remove = (CertId: string | number | bigint, sending = {}) =>
    client.call('DeleteUserCertificate', { CertId }, sending)
  const isThere = async (CertId: number) => {
    const { status } = await client.call('GetUserCertificateDetail', { CertId, CertFilter: 'true' })
    return status === 200
  }

  describe('answer', () => {
    test.each(styles)('%s: RequestId and nothing else, in JSON', async (style) => {
      const { status, headers, body } = await remove(await client.upload(`json ${style}`), { style })
      expect(status).toBe(200)
      expect(body).toEqual({ RequestId: headers['x-acs-request-id'] })
    })

    test('alibaba-wire §8: in XML', async () => {
      const CertId = await client.upload('xml')
      const { status, headers, text } = await client.call('DeleteUserCertificate', { CertId, Format: 'XML' })
      expect(status).toBe(200)
      expect(text).toBe(
        `<?xml version="1.0" encoding="UTF-8"?><DeleteUserCertificateResponse><RequestId>${headers['x-acs-request-id']}</RequestId></DeleteUserCertificateResponse>`,
      )
    })

    test('SourceIp, Lang and ClientToken, as older and newer clients send them, have no effect', async () => {
      const CertId = await client.upload('with more')
      const more = { SourceIp: '1.2.3.4', Lang: 'zh', ClientToken: 'token' }
      expect((await client.call('DeleteUserCertificate', { CertId, ...more })).status).toBe(200)
      expect((await client.call('DeleteUserCertificate', { CertId, ...more })).status).toBe(404)
    })
  })

  describe('what may be deleted', () => {
    test('an uploaded certificate that is in force', async () => {
      const certId = await client.upload('in force')
      expect((await remove(certId)).status).toBe(200)
      expect(await isThere(certId)).toBe(false)
    })

    test('an issued one that is in force may not: the refusal says why and what to do, and it is still there', async () => {
      const { certId } = await client.issue(issuerId, 'valid.example.com')
      const { status, body } = await remove(certId)
      expect({ status, code: body.Code }).toEqual({ status: 400, code: 'CertificateStillValid' })
      expect(body.Message).toMatch(
        new RegExp(
          `^Certificate ${certId} was issued and is valid until .*; revoke it first, or wait until it has expired\\.$`,
        ),
      )
      expect(await isThere(certId)).toBe(true)
    })

    test('an issued one that was revoked', async () => {
      const { id, certId } = await client.issue(issuerId, 'revoked.example.com')
      await client.revoke(id)
      expect((await remove(certId)).status).toBe(200)
      expect(await isThere(certId)).toBe(false)
    })
  })

  describe('CertId', () => {
    test.each(['', undefined])('is mandatory: %s', async (CertId) => {
      const answer = await client.call('DeleteUserCertificate', CertId === undefined ? {} : { CertId })
      expect(answer).toMatchObject({
        status: 400,
        body: { Code: 'MissingCertId', Message: 'CertId is mandatory for this action.' },
      })
    })

    test.each(['abc', '1.5', '1e3', '-1', '+1', ' 1', '01', '0x10', '１', '9223372036854775808', '9'.repeat(200)])(
      'is a number from 0 to 2^63 - 1 in decimal: not %s',
      async (CertId) => {
        expect(await remove(CertId)).toMatchObject({
          status: 400,
          body: { Code: 'InvalidCertId', Message: 'Specified parameter CertId is not valid.' },
        })
      },
    )

    test.each(['0', '1', '9007199254740993', '9223372036854775807'])(
      'that names nothing is 404 NotFound: %s',
      async (CertId) => {
        expect(await remove(CertId)).toMatchObject({ status: 404, body: { Code: 'NotFound' } })
      },
    )

    test('is not rounded onto another certificate', async () => {
      const certId = await client.upload('not rounded')
      // The next double above 2^63 that this id could be a truncation of is refused or unknown, never this certificate.
      expect((await remove(BigInt(certId) + 2n ** 60n)).status).toBe(404)
      expect((await remove(BigInt(certId) + 2n ** 53n)).status).toBe(404)
      expect(await isThere(certId)).toBe(true)
    })
  })

  test('unknown, foreign and already deleted have one and the same answer', async () => {
    const stranger = await client.core.createAccount('stranger')
    const foreign = await client.upload('foreign')
    const deleted = await client.upload('deleted')
    await remove(deleted)
    const faceless = ({ status, text, headers }: Answer, certId: number) => ({
      status,
      text: text.replaceAll(headers['x-acs-request-id']!, '').replaceAll(String(certId), ''),
    })
    const answers = [
      faceless(await remove(4_711), 4_711),
      faceless(await remove(deleted), deleted),
      faceless(await client.callAs(stranger, 'DeleteUserCertificate', { CertId: foreign }), foreign),
    ]
    expect(answers[0]).toMatchObject({ status: 404 })
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
    expect(await isThere(foreign)).toBe(true)
  })

  test('of two deletions at the same moment one is done, and the other is no success', async () => {
    const certId = await client.upload('twice at once')
    const statuses = (await Promise.all([remove(certId), remove(certId)])).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 404 || status === 409)).toHaveLength(1)
  })

  // Last: it moves the clock.
  test('an expired certificate may be deleted, issued or uploaded', async () => {
    const issued = await client.issue(issuerId, 'expired.example.com')
    const uploaded = await client.upload('expired')
    expect((await remove(issued.certId)).status).toBe(400)
    client.core.advance(120 * dayMs)
    expect((await remove(issued.certId)).status).toBe(200)
    expect((await remove(uploaded)).status).toBe(200)
  })
})
