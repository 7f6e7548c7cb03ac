import { newRequestId, type Caller } from './kernel/index.ts'

/** Whoever runs the service and works on its files: no user of any account. */
export const operatorCaller = (accountId: string): Caller => ({
  accountId,
  userId: 'operator',
  userName: 'operator',
  accessKeyId: undefined,
  sourceIp: '',
  secureTransport: true,
  door: 'cli',
  requestId: newRequestId(),
  stillEntitled: undefined,
  once: undefined,
})
