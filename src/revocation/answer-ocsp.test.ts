import { beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '../kernel/index.ts'
import { OcspAnswers, type KeptAnswer } from './ocsp-answers.ts'
import { RevocationMarks, revocationMarksMemory, RevocationWatch } from './revocation-marks.ts'

const anAnswer = (given: Partial<KeptAnswer> = {}): KeptAnswer => ({
  head: Buffer.from('head'),
  etag: 'e'.repeat(32),
  thisUpdate: 1_000,
  nextUpdate: 5_000,
  freshUntil: 3_000,
  mark: 0,
  revoked: false,
  ...given,
})

describe('OcspAnswers', () => {
  test('an answer is read as it was put, and can be replaced', () => {
    const answers = new OcspAnswers(8)
    expect(answers.get('a')).toBeUndefined()
    answers.put('a', anAnswer())
    expect(answers.get('a')).toEqual(anAnswer())
    const other = anAnswer({ head: Buffer.from('another'), revoked: true, mark: 7, thisUpdate: 2_000 })
    answers.put('a', other)
    expect(answers.get('a')).toEqual(other)
    answers.confirm('a', 9)
    expect(answers.get('a')!.mark).toBe(9)
  })

  test('there are never more than there is room for: the oldest goes', () => {
    const answers = new OcspAnswers(3)
    for (const name of ['a', 'b', 'c', 'd']) answers.put(name, anAnswer({ head: Buffer.from(name) }))
    expect(answers.get('a')).toBeUndefined()
    for (const name of ['b', 'c', 'd']) expect(Buffer.from(answers.get(name)!.head).toString()).toBe(name)
  })

  test('what does not fit is not kept', () => {
    const answers = new OcspAnswers(3)
    answers.put('long', anAnswer({ head: new Uint8Array(500) }))
    expect(answers.get('long')).toBeUndefined()
  })
})

describe('what threads know of revocations', () => {
  const ours = '00000001-0000-4000-8000-000000000000'
  const theirs = '00000002-0000-4000-8000-000000000000'
  let now: number
  let marks: RevocationMarks
  let counts: Map<string, number>
  let watch: RevocationWatch
  beforeEach(() => {
    now = 10_000
    const clock: Clock = { now: () => now }
    const memory = revocationMarksMemory()
    marks = new RevocationMarks(memory, clock)
    counts = new Map([[ours, 1]])
    const changes = () => (counts.size > 0 ? Promise.resolve(counts) : Promise.reject(new Error('away')))
    watch = new RevocationWatch({ store: { changes }, marks: new RevocationMarks(memory, clock), clock })
  })

  test('a revocation that anybody recorded raises the mark of its CA at the next look, and of no other', async () => {
    await watch.look()
    const [before, other] = [marks.of(ours), marks.of(theirs)]
    await watch.look()
    expect(marks.of(ours)).toBe(before)
    counts = new Map([[ours, 2]])
    await watch.look()
    expect(marks.of(ours)).not.toBe(before)
    expect(marks.of(theirs)).toBe(other)
  })

  test('without a look within the second nothing is believed, and a look that fails is none', async () => {
    expect(marks.fresh()).toBe(false)
    await watch.look()
    expect(marks.fresh()).toBe(true)
    now += 899
    expect(marks.fresh()).toBe(true)
    counts = new Map()
    await watch.look()
    now += 2
    expect(marks.fresh()).toBe(false)
  })
})
