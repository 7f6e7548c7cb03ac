import Type from 'typebox'
import { operation } from '../kernel/index.ts'
import type { AlarmStore } from './alarms.ts'
import { holdReason, liftHold, type ClockMarks } from './trusted-clock.ts'

/**
 * A person confirms that the clock is right after a jump that nothing explained: what destroys and purges goes on.
 * Look at what is due before you call this.
 */
export const confirmTime = operation<{ clockMarks: ClockMarks; alarms: AlarmStore }>()({
  name: 'ConfirmTime',
  summary: 'Confirm that the time is right after an unexplained jump of the clock',
  access: 'write',
  actions: ['certkeep:time:confirm'],
  input: Type.Object({}, { additionalProperties: false }),
  problems: [],
  async run(_input, _resource, { clockMarks, alarms }) {
    const wasHeldBecause = await holdReason(clockMarks)
    return {
      answer: { wasHeldBecause: wasHeldBecause ?? null },
      writes: liftHold(clockMarks, alarms),
      audit: { objectType: 'instance', objectId: '', facts: { wasHeldBecause: wasHeldBecause ?? null } },
    }
  },
})
