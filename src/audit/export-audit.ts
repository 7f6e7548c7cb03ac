import Type from 'typebox'
import { operation } from '../kernel/index.ts'
import { fieldsOf, wireFields, type WireFields } from './leaf.ts'
import { hashBytes, tileWidth } from './merkle.ts'
import { problem } from './problems.ts'
import { logNow, type ProofNeeds } from './show-proofs.ts'

/** The entries of one tile: of the account's own everything, of others' only that they are there. */
export interface AuditPage {
  /** The log of this size is being exported; give it with the next page. */
  size: number
  /** The checkpoint as it is now: of `size`, when the page was asked for without one. */
  checkpoint: string
  key: string
  /** The first of the tile. */
  from: number
  entries: { index: number; fields: WireFields }[]
  /** Numbers of entries of other accounts. */
  others: number[]
  /** The tile's leaf hashes, 32 bytes each. */
  hashes: Uint8Array
  /** The root over these as the level above has it; null while the tile is not full. */
  root: Uint8Array | null
  /** The tile to ask for next; null at the end. */
  next: number | null
}

/**
 * The audit log as a verifier needs it, by tiles of 256 entries: fields with their salts, the hashes of all leaves, and the
 * checkpoint over them. What is numbered while pages are read is not in it.
 */
export const exportAudit = operation<ProofNeeds>()({
  name: 'ExportAudit',
  summary: 'Export the audit log with its hashes and checkpoint, page by page',
  access: 'read',
  actions: ['certkeep:audit:export'],
  input: Type.Object(
    {
      tile: Type.Optional(Type.Integer({ minimum: 0 })),
      size: Type.Optional(Type.Integer({ minimum: 1 })),
    },
    { additionalProperties: false },
  ),
  problems: ['AuditSizeUnknown'],
  async run({ tile = 0, size: asked }, _resource, deps, { accountId }) {
    const { auditLog } = deps
    const now = await logNow(deps)
    const size = asked ?? now.size
    const from = tile * tileWidth
    const to = Math.min(size, from + tileWidth)
    if (size > now.size || from > size) throw problem('AuditSizeUnknown', { size: Math.max(size, from), now: now.size })
    const [stored, hashes, above] = await Promise.all([
      auditLog.entries(from, to),
      auditLog.readTile(0, tile),
      auditLog.readTile(1, Math.floor(tile / tileWidth)),
    ])
    const own = stored.filter(({ texts }) => texts.accountId === accountId)
    const rootAt = (tile % tileWidth) * hashBytes
    const whole = to - from === tileWidth && above !== undefined && above.length >= rootAt + hashBytes
    const answer: AuditPage = {
      size,
      checkpoint: now.checkpoint,
      key: now.key,
      from,
      entries: own.map(({ index, texts, salt, erased }) => ({
        index: index!,
        fields: wireFields(fieldsOf(texts, salt, erased)),
      })),
      others: stored.filter((entry) => !own.includes(entry)).map(({ index }) => index!),
      hashes: (hashes ?? new Uint8Array()).subarray(0, (to - from) * hashBytes),
      root: whole ? above.subarray(rootAt, rootAt + hashBytes) : null,
      next: to < size ? tile + 1 : null,
    }
    // Once for an export: a page of it adds nothing that its first does not tell.
    const begun = tile === 0 && { audit: { objectType: 'audit', objectId: '', facts: { size } } }
    return { answer, ...begun }
  },
})
