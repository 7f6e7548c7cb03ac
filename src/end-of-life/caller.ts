import type { Caller } from '../kernel/index.ts'

/** The clock as a caller, on the day of a CA: not a person, no door. */
export const theDayAsCaller = (accountId: string): Caller => ({
  accountId,
  userId: 'clock',
  userName: 'TheDay',
  accessKeyId: undefined,
  sourceIp: '',
  secureTransport: true,
  door: 'jobs',
  requestId: '',
  stillEntitled: undefined,
  once: undefined,
})
