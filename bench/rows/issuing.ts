import { own } from '../../test/support/client.ts'
import { aCsr, aP256Root, huaweiRequest, startCertkeep } from '../certkeep.ts'
import { load, warm, type Measured } from '../load.ts'
import { cfsslSign, startCfssl } from '../peers/cfssl.ts'
import { interleaved, type Figure } from './row.ts'

const connections = 32
const seconds = 5

/** Issuing P-256 from a CSR through the Huawei door, against cfssl with and without its store; and with the export of the PEM. */
export async function issuing(): Promise<Figure[]> {
  const csr = aCsr()
  await using service = await startCertkeep()
  await using stored = await startCfssl({ stored: true })
  await using unstored = await startCfssl({ stored: false })
  const caId = await aP256Root(service)
  const issue = huaweiRequest(service, 'POST', '/v1/private-certificates/csr', {
    issuer_id: caId,
    csr,
    validity: { type: 'DAY', value: 90 },
  })
  const at =
    (address: string, requests: string[]): (() => Promise<Measured>) =>
    () =>
      load({ address, requests, connections, seconds })
  await warm(at(service.endpoint, [issue]), 40_000)

  const measured = await interleaved({
    ours: at(service.endpoint, [issue]),
    stored: at(stored.address, [cfsslSign(stored.address, csr)]),
    unstored: at(unstored.address, [cfsslSign(unstored.address, csr)]),
  })
  const { rows } = await own(service.url, service.credentials, 'ListPrivateCertificates', { limit: 1000, offset: 0 })
  const exports = (rows as { certificate: { id: string } }[]).map(({ certificate }) =>
    huaweiRequest(service, 'POST', `/v1/private-certificates/${certificate.id}/export`, {
      is_compressed: 'false',
      type: 'OTHER',
    }),
  )
  const exported = await interleaved({ ours: () => loadInTurn(service.endpoint, exports) })

  const { ours } = measured
  // One after the other, as a client does it: the times add up.
  const both = 1 / (1 / ours.requestsPerSecond + 1 / exported.ours.requestsPerSecond)
  const row = (
    name: string,
    value: number,
    against: Measured,
    yardstick: string,
    reach: number,
    p99: boolean,
  ): Figure => {
    const ratio = value / against.requestsPerSecond
    return {
      name,
      value,
      unit: 'certificates/s',
      yardstick,
      yardstickValue: against.requestsPerSecond,
      ratio,
      reach: `≥ ${reach} ×`,
      reached: ratio >= reach && p99,
      p50Ms: ours.p50Ms,
      p99Ms: ours.p99Ms,
    }
  }
  const withStore = 'cfssl with its SQLite store'
  return [
    row('issue-vs-cfssl-stored', ours.requestsPerSecond, measured.stored, withStore, 6, ours.p99Ms <= 25),
    row(
      'issue-vs-cfssl-unstored',
      ours.requestsPerSecond,
      measured.unstored,
      `cfssl storing nothing (p99 ${measured.unstored.p99Ms} ms)`,
      0.6,
      ours.p99Ms < measured.unstored.p99Ms,
    ),
    row('issue-export-vs-cfssl-stored', both, measured.stored, withStore, 4, true),
  ]
}

/** A list shorter than the run is sent again from its start: exports have no nonce. */
const loadInTurn = (address: string, requests: readonly string[]): Promise<Measured> => {
  const enough = Array.from({ length: Math.ceil(60_000 / requests.length) }, () => requests).flat()
  return load({ address, requests: enough, connections, seconds: 3 })
}
