import Type from 'typebox'
import { operation, type Page } from '../kernel/index.ts'
import type { AuditEntry, AuditStore } from './store.ts'

/**
 * The account's audit log, newest first; `objectId` narrows it to one CA or certificate. `withIndex` adds each entry's
 * number in the Merkle log, null for what happened just now.
 */
export const listAuditEntries = operation<{ audit: AuditStore }>()({
  name: 'ListAuditEntries',
  summary: 'Read the audit log',
  access: 'list',
  actions: ['certkeep:audit:list'],
  input: Type.Object(
    {
      objectType: Type.Optional(Type.String({ maxLength: 32 })),
      objectId: Type.Optional(Type.String({ maxLength: 64 })),
      withIndex: Type.Optional(Type.Boolean()),
      offset: Type.Optional(Type.Integer({ minimum: 0 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    },
    { additionalProperties: false },
  ),
  problems: [],
  async run({ objectType, objectId, withIndex = false, offset = 0, limit = 100 }, _resource, { audit }, caller) {
    const page = await audit.list(caller.accountId, { objectType, objectId }, { offset, limit })
    const rows = withIndex ? page.rows : page.rows.map(({ index: _index, ...entry }) => entry)
    const answer: Page<AuditEntry & { index?: number | null }> = { rows, total: page.total }
    return { answer }
  },
})
