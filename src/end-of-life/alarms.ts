import Type from 'typebox'
import { operation, type Write } from '../kernel/index.ts'

/** What somebody should look at, and which stays until it is so no more. Times in ms of the domain clock. */
export interface Alarm {
  /** `ca-ending`: the end of a CA cannot be carried through; `time-hold`: irreversible work is on hold. */
  kind: 'ca-ending' | 'time-hold'
  /** The CA; empty for the instance. */
  subject: string
  /** Whose; empty for the instance. */
  accountId: string
  reason: string
  raisedAt: number
  lastAt: number
  times: number
}

export interface AlarmStore {
  /** Raises it, or says that it is still so: then the first instant stays. */
  raise(alarm: Pick<Alarm, 'kind' | 'subject' | 'accountId' | 'reason'>, now: number): Write
  clear(kind: Alarm['kind'], subject: string): Write
  /** Those of an account and of the instance, the oldest first; at most `limit`. */
  list(accountId: string, limit: number): Promise<Alarm[]>
  /** How many stand, by kind. */
  count(): Promise<{ kind: string; count: number }[]>
}

const atMost = 1_000

export const listAlarms = operation<{ alarms: AlarmStore }>()({
  name: 'ListAlarms',
  summary: 'List the alarms that stand',
  access: 'list',
  actions: ['certkeep:alarm:list'],
  input: Type.Object({}, { additionalProperties: false }),
  problems: [],
  run: async (_input, _resource, { alarms }, caller) => ({
    answer: { rows: await alarms.list(caller.accountId, atMost) },
  }),
})
