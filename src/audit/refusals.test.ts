import { describe, expect, test } from 'vitest'
import { merged, RefusalCounts } from './refusals.ts'

const minute = 60_000

describe('refusals of nobody known are counted, design 8', () => {
  test('by reason, network and minute', () => {
    let now = 10 * minute + 1
    const counts = new RefusalCounts({ now: () => now })
    for (const address of ['192.0.2.1', '192.0.2.200', '::ffff:192.0.2.9', '198.51.100.1', '2001:db8:1:2::3', 'what'])
      counts.count('unauthenticated', 'SignatureWrong', address)
    counts.count('throttled', 'Throttled', '192.0.2.1')
    now += minute
    counts.count('throttled', 'Throttled', '192.0.2.1')
    const found = counts
      .take()
      .map(({ minute: at, reason, network, count }) => `${at / minute} ${reason} ${network} ${count}`)
    expect(found).toEqual([
      '10 SignatureWrong 192.0.2.0/24 3',
      '10 SignatureWrong 198.51.100.0/24 1',
      '10 SignatureWrong 2001:db8:1:0:0:0:0:0/48 1',
      '10 SignatureWrong unknown 1',
      '10 Throttled 192.0.2.0/24 1',
      '11 Throttled 192.0.2.0/24 1',
    ])
    expect(counts.take()).toEqual([])
  })

  test('however many networks knock, the table stays small and no refusal goes uncounted', () => {
    const counts = new RefusalCounts({ now: () => 0 })
    for (let at = 0; at < 5_000; at++) counts.count('unauthenticated', 'Unknown', `10.${at >> 8}.${at & 255}.1`)
    counts.count('unauthenticated', 'Unknown', '10.0.0.2')
    const taken = counts.take()
    expect(taken).toHaveLength(1_001)
    expect(taken.at(-1)).toMatchObject({ network: 'others', count: 4_000 })
    const entry = merged([taken, [{ ...taken[7]!, count: 9 }]])
    expect(entry).toHaveLength(200)
    expect(entry.reduce((sum, { count }) => sum + count, 0)).toBe(5_010)
    expect(entry.slice(0, 3).map(({ network, count }) => `${network} ${count}`)).toEqual([
      'others 4801',
      '10.0.7.0/24 10',
      '10.0.0.0/24 2',
    ])
  })
})
