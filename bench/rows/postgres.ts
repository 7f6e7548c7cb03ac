import { twoProcesses } from '../../test/postgres/two-processes.ts'
import type { Service } from '../../test/support/service.ts'
import { aCsr, aP256Root, huaweiRequest, unlimited } from '../certkeep.ts'
import { load, warm, type Measured } from '../load.ts'
import { cfsslSign, startCfssl } from '../peers/cfssl.ts'
import { interleaved, type Figure } from './row.ts'

const connections = 32
const seconds = 5

/** Two processes of one HTTP thread each on one PostgreSQL (fsync on), which runs on the same cores; half of the connections each. */
export async function postgres(): Promise<Figure[]> {
  const csr = aCsr()
  await using two = await twoProcesses({ environment: unlimited })
  await using stored = await startCfssl({ stored: true })
  const caId = await aP256Root(two.a)
  const issueAt = (service: Service) => {
    const body = { issuer_id: caId, csr, validity: { type: 'DAY', value: 90 } }
    const requests = [huaweiRequest(service, 'POST', '/v1/private-certificates/csr', body)]
    return (s: number) => load({ address: service.endpoint, requests, connections: connections / 2, seconds: s })
  }
  const sides = [issueAt(two.a), issueAt(two.b)]
  const both = async (s: number) => together(await Promise.all(sides.map((side) => side(s))))
  await warm(() => both(seconds), 20_000)
  const requests = [cfsslSign(stored.address, csr)]
  const { ours, peer } = await interleaved({
    ours: () => both(seconds),
    peer: () => load({ address: stored.address, requests, connections, seconds }),
  })
  const ratio = ours.requestsPerSecond / peer.requestsPerSecond
  return [
    {
      name: 'issue-postgres-two-vs-cfssl-stored',
      value: ours.requestsPerSecond,
      unit: 'certificates/s',
      yardstick: 'cfssl with its SQLite store',
      yardstickValue: peer.requestsPerSecond,
      ratio,
      reach: '≥ 3 ×',
      reached: ratio >= 3,
      p50Ms: ours.p50Ms,
      p99Ms: ours.p99Ms,
    },
  ]
}

/** Two runs at the same time: what both did, and the slower one's times. */
const together = (runs: readonly Measured[]): Measured => ({
  requestsPerSecond: runs.reduce((sum, each) => sum + each.requestsPerSecond, 0),
  p50Ms: Math.max(...runs.map((each) => each.p50Ms)),
  p99Ms: Math.max(...runs.map((each) => each.p99Ms)),
  requests: runs.reduce((sum, each) => sum + each.requests, 0),
  failures: runs.reduce((sum, each) => sum + each.failures, 0),
})
