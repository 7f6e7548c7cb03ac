import Type from 'typebox'
import { day, operation, type Clock, type Write } from '../kernel/index.ts'
import type { IamStore } from '../iam/index.ts'
import { operatorOnly } from './operator-only.ts'
import { problem } from './problems.ts'
import { quarantineOf, releaseWrite } from './quarantine.ts'
import type { InstanceValues, RestoreStore } from './store.ts'

interface Needs {
  instanceValues: InstanceValues
  restored: RestoreStore
  iam: IamStore
  domainClock: Clock
}

/** Whether this instance was restored and waits to be released; what it knows, and what it does not. */
export const showQuarantine = operation<Needs>()({
  name: 'ShowQuarantine',
  summary: 'Show what a restored instance knows before it is released',
  access: 'read',
  actions: ['certkeep:quarantine:get'],
  input: Type.Object({}, { additionalProperties: false }),
  problems: [],
  async run(_input, _resource, { instanceValues, iam }, caller) {
    await operatorOnly(iam, caller, 'certkeep:quarantine:get')
    return { answer: { quarantine: (await quarantineOf(instanceValues)) ?? null } }
  },
})

/** So long at least a deletion that was pending can still be taken back, whatever the restored instance does not know of it. */
const rearmedFor = 7 * day

/**
 * A named person ends the quarantine of a restored instance. They confirm until when it knows what happened: what came
 * later is lost. Each pending deletion waits seven more days at least; every CA publishes a CRL at once.
 */
export const releaseQuarantine = operation<Needs>()({
  name: 'ReleaseQuarantine',
  summary: 'Release a restored instance from its quarantine',
  access: 'write',
  actions: ['certkeep:quarantine:release'],
  evenInQuarantine: true,
  input: Type.Object(
    { knownUntil: Type.Integer({ description: 'as ShowQuarantine says it, ms since 1970' }) },
    { additionalProperties: false },
  ),
  problems: ['QuarantineChanged'],
  async run({ knownUntil }, _resource, { instanceValues, restored, iam, domainClock }, caller) {
    await operatorOnly(iam, caller, 'certkeep:quarantine:release')
    const record = await quarantineOf(instanceValues)
    if (record?.knownUntil !== knownUntil) throw problem('QuarantineChanged')
    const now = domainClock.now()
    const pending = await restored.pendingDeletions()
    const rearmed = pending.map(({ caId, dueAt }) => ({ caId, was: dueAt, dueAt: Math.max(dueAt, now + rearmedFor) }))
    const writes: Write[] = [
      releaseWrite(instanceValues),
      ...rearmed.flatMap(({ caId, was, dueAt }) => restored.rearm(caId, was, dueAt)),
      restored.endingDue(now),
      restored.crlsDue(now),
    ]
    return {
      answer: { rearmed },
      writes,
      audit: { objectType: 'instance', objectId: '', facts: { ...record, rearmed } },
    }
  },
})
