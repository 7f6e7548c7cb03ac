import { describe, expect, test } from 'vitest'
import { own } from '../support/client.ts'
import { advance, crl, leaf, rootCa, until } from '../support/life.ts'
import { file, openssl, opensslSays } from '../support/openssl.ts'
import { startService, temporaryFolder } from '../support/service.ts'
import { asked, ocspRequest, type Asked } from '../status/openssl-ocsp.ts'

const steps = [
  'crl.number-taken',
  'crl.ledger-read',
  'crl.signing-noted',
  'crl.published',
  'ocsp-responder.signing-noted',
  'ocsp-responder.certified',
]

const numberOf = (der: Uint8Array): bigint =>
  BigInt(/0x[0-9A-F]+/i.exec(openssl('crl', '-inform', 'DER', '-in', file('crl.der', der), '-noout', '-crlnumber'))![0])

describe('kill -9 while CRLs are published and responders certified (docs/issuance.md)', () => {
  for (const step of steps)
    test(`after ${step}: the next start goes on, with a higher number and a responder that answers`, async () => {
      const dataFolder = temporaryFolder()
      let of: Asked
      let before: bigint
      {
        await using first = await startService({ dataFolder, keep: true })
        const caId = await rootCa(first)
        const id = await leaf(first, caId)
        of = await asked(first, caId, id)
        await own(first.url, first.credentials, 'RevokeCertificate', { certificateId: id, reason: 'superseded' })
        const revoked = await until('a CRL with it', async () => {
          const der = await crl(first, caId)
          return der && opensslSays('crl', '-inform', 'DER', '-in', file('c', der), '-text').includes('Serial') && der
        })
        before = numberOf(revoked)
        await first.stop()
      }
      {
        const environment = { CERTKEEP_EMULATOR_KILL_AT: step }
        await using dying = await startService({ dataFolder, keep: true, environment })
        await advance(dying, 4).catch(() => undefined)
        expect(await dying.ended).toMatchObject({ signal: 'SIGKILL' })
      }
      await using after = await startService({ dataFolder })
      const der = await until('a later CRL', async () => {
        const now = await crl(after, of.caId)
        return now && numberOf(now) > before && now
      })
      expect(opensslSays('crl', '-inform', 'DER', '-in', file('crl.der', der), '-CAfile', of.ca, '-noout')).toContain(
        'verify OK',
      )
      expect(openssl('crl', '-inform', 'DER', '-in', file('crl.der', der), '-noout', '-text')).toContain('Superseded')
      const request = ocspRequest(of, '-no_nonce')
      const said = await until('an answer', async () => {
        const response = await fetch(`${after.url}/ocsp/${of.caId}`, { method: 'POST', body: new Uint8Array(request) })
        const text = opensslSays(
          'ocsp',
          '-respin',
          file('r', Buffer.from(await response.arrayBuffer())),
          '-resp_text',
          '-noverify',
        )
        return text.includes('successful') && text
      })
      expect(said).toContain('Cert Status: revoked')
      expect(said).toContain('Revocation Reason: superseded')
    })
})
