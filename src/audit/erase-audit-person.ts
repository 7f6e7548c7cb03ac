import Type from 'typebox'
import { operation, problem as kernelProblem, type Write } from '../kernel/index.ts'
import { erase, fieldsOf, type FieldName } from './leaf.ts'
import type { AuditLogStore, StoredEntry } from './store.ts'

const page = 500

/**
 * Takes a person out of the account's audit log: name and address of what the user did, and the facts of what was done to
 * the user, where the name may stand. What was done, when and by which user id stays, and so does every proof. There is no
 * way back. Entries are gone through page by page: call again with `after` until it is null. An entry of before the log was
 * numbered gets its salt first; ask again for those in a second.
 */
export const eraseAuditPerson = operation<{ auditLog: AuditLogStore }>()({
  name: 'EraseAuditPerson',
  summary: "Erase a user's name and addresses from the audit log, for good; its proofs stay valid",
  access: 'write',
  actions: ['certkeep:audit:erase'],
  input: Type.Object(
    { userId: Type.String({ minLength: 1, maxLength: 64 }), after: Type.Optional(Type.Integer({ minimum: 0 })) },
    { additionalProperties: false },
  ),
  problems: ['ChangedMeanwhile'],
  async run({ userId, after = 0 }, _resource, { auditLog }, { accountId }) {
    const entries = await auditLog.ofAccount(accountId, after, page)
    const writes: Write[] = []
    for (const entry of entries) {
      const gone = personal(entry, userId)
      if (gone.length === 0) continue
      const left = erase(fieldsOf(entry.texts, entry.salt, entry.erased), new Set(gone))
      writes.push(auditLog.erase(entry, gone, left, changed))
    }
    const next = entries.length === page ? entries.at(-1)!.seq : null
    return {
      answer: { erased: writes.length, after: next },
      writes,
      audit: { objectType: 'user', objectId: userId, facts: { erased: writes.length } },
    }
  },
})

const changed = kernelProblem('ChangedMeanwhile')

function personal({ texts, salt, erased }: StoredEntry, userId: string): FieldName[] {
  if (!salt && !erased) return []
  const there = (names: readonly FieldName[]) => names.filter((name) => erased?.commitments[name] === undefined)
  const ofActs = texts.userId === userId ? (['userName', 'sourceIp'] as const) : []
  // Its own entry says how many, and nobody's name.
  const ofUser =
    texts.objectType === 'user' && texts.objectId === userId && texts.operation !== 'EraseAuditPerson'
      ? (['facts'] as const)
      : []
  return there([...ofActs, ...ofUser])
}
