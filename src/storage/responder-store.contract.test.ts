import { expect, test } from 'vitest'
import { day, newSerial, newUuid } from '../kernel/index.ts'
import type { OcspResponderRecord } from '../revocation/index.ts'
import { onEveryEngine } from './engines.fixture.ts'
import { bytes, now } from './objects.fixture.ts'

const aResponder = (given: Partial<OcspResponderRecord> = {}): OcspResponderRecord => ({
  caId: newUuid(),
  serial: newSerial(),
  notAfter: now + 7 * day,
  certificate: bytes(0x30, 1, 0),
  sealedPrivateKey: bytes(1, 2, 3),
  issuedAt: now,
  ...given,
})

onEveryEngine(
  (engine) => `ResponderStore on ${engine}`,
  (engine) => {
    test('a CA has one responder, which is read as it was written; the next takes its place', async () => {
      await using db = await engine.open()
      const [first, other] = [aResponder(), aResponder()]
      expect(await db.responders.find(first.caId)).toBeUndefined()
      await db.commit([first, other].map((each) => db.responders.replace(each)))
      expect(await db.responders.find(first.caId)).toEqual(first)
      const next = aResponder({ caId: first.caId, notAfter: now + 8 * day, certificate: bytes(9), issuedAt: now + day })
      await db.commit([db.responders.replace(next)])
      expect(await db.responders.find(first.caId)).toEqual(next)
      expect(await db.responders.find(other.caId)).toEqual(other)
    })
  },
)
