import Type from 'typebox'
import { operation } from '../kernel/index.ts'
import { readCheckpoint, verifierKey, type NoteSigner } from './checkpoint.ts'
import { fieldsOf, wireFields, type WireFields } from './leaf.ts'
import { consistencyPath, inclusionPath } from './merkle.ts'
import { problem } from './problems.ts'
import type { AuditLogStore } from './store.ts'

export interface ProofNeeds {
  auditLog: AuditLogStore
  /** The audit key's public part; undefined before there is one. */
  auditIdentity: () => Promise<Pick<NoteSigner, 'origin' | 'publicKey'> | undefined>
}

/** What the log is at this moment: the note, and how many entries it speaks of. */
export async function logNow({ auditLog, auditIdentity }: ProofNeeds) {
  const [{ checkpoint }, identity] = await Promise.all([auditLog.state(), auditIdentity()])
  const size = checkpoint === '' ? 0 : readCheckpoint(checkpoint).size
  return { checkpoint, size, key: identity ? verifierKey(identity) : '' }
}

const size = Type.Integer({ minimum: 0 })

/** That an entry of the account is in the log: its fields with their salts, and the path to the root of a size. */
export const showAuditProof = operation<ProofNeeds>()({
  name: 'ShowAuditProof',
  summary: 'Prove that an entry is in the audit log (RFC 9162, inclusion)',
  access: 'read',
  actions: ['certkeep:audit:prove'],
  input: Type.Object(
    { index: Type.Integer({ minimum: 0 }), size: Type.Optional(size) },
    { additionalProperties: false },
  ),
  problems: ['AuditEntryNotFound', 'AuditSizeUnknown'],
  async run({ index, size: asked }, _resource, deps, caller) {
    const now = await logNow(deps)
    const against = asked ?? now.size
    const [entry] = index < now.size ? await deps.auditLog.entries(index, index + 1) : []
    if (entry?.texts.accountId !== caller.accountId) throw problem('AuditEntryNotFound', { index })
    if (against > now.size || against <= index) throw problem('AuditSizeUnknown', { size: against, now: now.size })
    const answer: AuditProof = {
      index,
      size: against,
      fields: wireFields(fieldsOf(entry.texts, entry.salt, entry.erased)),
      path: await inclusionPath(deps.auditLog.readTile, index, against),
      checkpoint: now.checkpoint,
      key: now.key,
    }
    return { answer }
  },
})

export interface AuditProof {
  index: number
  size: number
  fields: WireFields
  /** Lowest first. */
  path: readonly Uint8Array[]
  checkpoint: string
  key: string
}

/** That the log of one size begins with that of a smaller one: nothing was changed, removed or put between. */
export const showConsistencyProof = operation<ProofNeeds>()({
  name: 'ShowConsistencyProof',
  summary: 'Prove that the audit log continues what it was at an earlier size (RFC 9162, consistency)',
  access: 'read',
  actions: ['certkeep:audit:prove'],
  input: Type.Object({ first: size, second: Type.Optional(size) }, { additionalProperties: false }),
  problems: ['AuditSizeUnknown'],
  async run({ first, second: asked }, _resource, deps) {
    const now = await logNow(deps)
    const second = asked ?? now.size
    const unknown = Math.max(first, second)
    if (unknown > now.size || first > second) throw problem('AuditSizeUnknown', { size: unknown, now: now.size })
    const path: readonly Uint8Array[] = await consistencyPath(deps.auditLog.readTile, first, second)
    return { answer: { first, second, path, checkpoint: now.checkpoint, key: now.key } }
  },
})
