import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { postgresIsMissing } from '../../src/storage/postgres-server.fixture.ts'
import { own } from '../support/client.ts'
import { leaf, rootCa, until } from '../support/life.ts'
import { asked, ocspRequest, opensslReads } from '../status/openssl-ocsp.ts'
import { twoProcesses } from './two-processes.ts'

describe.skipIf(postgresIsMissing !== undefined)('OCSP of two processes on one database', () => {
  test('both answer by the same responder, and a revocation through one is in the answers of the other within a second', async () => {
    await using both = await twoProcesses()
    const { a, b } = both
    const caId = await rootCa(a)
    const id = await leaf(a, caId)
    const of = await asked(a, caId, id)
    const request = ocspRequest(of, '-no_nonce')
    const ask = async ({ url }: { url: string }) => {
      const response = await fetch(`${url}/ocsp/${caId}`, { method: 'POST', body: new Uint8Array(request) })
      return opensslReads(of, request, new Uint8Array(await response.arrayBuffer()))
    }
    for (const process of [a, b])
      await until('a good answer', async () => (await ask(process)).includes('leaf.pem: good'))
    expect(await both.query('SELECT count(*)::int AS n FROM ocsp_responders')).toEqual([{ n: 1 }])

    await own(a.url, a.credentials, 'RevokeCertificate', { certificateId: id, reason: 'keyCompromise' })
    await sleep(1_000)
    for (const process of [a, b]) {
      const said = await ask(process)
      expect(said).toContain('Response verify OK')
      expect(said).toContain('leaf.pem: revoked')
    }
  })
})
