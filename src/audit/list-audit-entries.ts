import Type from 'typebox'
import { operation, type Page } from '../kernel/index.ts'
import type { AuditStore, ListedEntry } from './store.ts'

/** The account's audit log, newest first; `objectId` narrows it to one CA or certificate. */
export const listAuditEntries = operation<{ audit: AuditStore }>()({
  name: 'ListAuditEntries',
  summary: 'Read the audit log',
  access: 'list',
  actions: ['certkeep:audit:list'],
  input: Type.Object(
    {
      objectType: Type.Optional(Type.String({ maxLength: 32 })),
      objectId: Type.Optional(Type.String({ maxLength: 64 })),
      offset: Type.Optional(Type.Integer({ minimum: 0 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    },
    { additionalProperties: false },
  ),
  problems: [],
  async run({ objectType, objectId, offset = 0, limit = 100 }, _resource, { audit }, caller) {
    const answer: Page<ListedEntry> = await audit.list(caller.accountId, { objectType, objectId }, { offset, limit })
    return { answer }
  },
})
