import { describe, expect, test } from 'vitest'
import { CallMetrics, InstanceMetrics, type InstanceReadings } from './index.ts'

const readings: InstanceReadings = {
  commits: { batches: [{ sets: '1', count: 3 }], sets: 3, seconds: 0.5 },
  jobs: [{ kind: 'publishCrl', due: 2, failing: 1, oldestAgeSeconds: 7 }],
  expiring: [{ days: 30, count: 12 }],
  alarms: [{ kind: 'ca-ending', count: 2 }],
  onHold: true,
  tlsNotAfter: 1_800_000_000,
}

const call = { door: 'own', operation: 'CreateCa', outcome: 'ok', reason: undefined, ms: 3 }
const anInstance = () => new InstanceMetrics({ version: '1.2.3', node: 'v26.10.0' })

describe('metrics', () => {
  test('of several threads are added up', async () => {
    const threads = [new CallMetrics(), new CallMetrics()]
    for (const thread of threads) {
      thread.observe(call)
      thread.observe({ ...call, outcome: 'unauthenticated', operation: undefined, reason: 'SignatureDoesNotMatch' })
    }
    const { text } = await anInstance().text(readings, await Promise.all(threads.map((thread) => thread.snapshot())))
    const lines = text.split('\n')
    expect(lines).toContain('certkeep_http_requests_total{door="own",operation="CreateCa",outcome="ok"} 2')
    expect(lines).toContain('certkeep_refusals_total{outcome="unauthenticated",reason="SignatureDoesNotMatch"} 2')
    expect(lines).toContain('certkeep_http_request_duration_seconds_count{door="own",operation="CreateCa"} 2')
    expect(lines).toContain(
      'certkeep_http_request_duration_seconds_bucket{le="0.0025",door="own",operation="CreateCa"} 0',
    )
    expect(lines).toContain(
      'certkeep_http_request_duration_seconds_bucket{le="0.005",door="own",operation="CreateCa"} 2',
    )
  })

  test('of the process stand beside them, and a second scrape does not count twice', async () => {
    const metrics = anInstance()
    metrics.alarm('job')
    await metrics.text(readings, [])
    const { text, contentType } = await metrics.text({ ...readings, jobs: [] }, [])
    expect(contentType).toContain('text/plain')
    const lines = text.split('\n')
    for (const line of [
      'certkeep_info{version="1.2.3",node="v26.10.0"} 1',
      'certkeep_alarms_total{kind="job"} 1',
      'certkeep_commits_total{sets="1"} 3',
      'certkeep_commit_sets_total 3',
      'certkeep_certificates_expiring{days="30"} 12',
      'certkeep_alarms{kind="ca-ending"} 2',
      'certkeep_time_hold 1',
      'certkeep_tls_certificate_not_after_seconds 1800000000',
    ])
      expect(lines).toContain(line)
    expect(text).not.toContain('certkeep_jobs_due{')
  })

  test('stay few, whatever is counted', async () => {
    const calls = new CallMetrics()
    for (let at = 0; at < 2_000; at++)
      calls.observe({ ...call, operation: `op-${at}`, outcome: 'throttled', reason: `reason-${at}` })
    const counted = (await calls.snapshot()).find(({ name }) => name === 'certkeep_http_requests_total')
    expect(counted!.values).toHaveLength(257)
    expect(counted!.values.find(({ labels }) => labels['operation'] === 'other')?.value).toBe(2_000 - 256)
  })
})
