import {
  inclusionPath,
  fieldsOf,
  readCheckpoint,
  verifierKey,
  wireFields,
  type AuditLogStore,
  type NoteSigner,
  type ReceiptStore,
} from '../../audit/index.ts'
import { entryOfReceipt } from '../../end-of-life/index.ts'
import type { Door, DoorAnswer, DoorRequest } from '../door.ts'

export interface AuditDoorParts {
  auditLog: AuditLogStore
  receipts: ReceiptStore
  /** The audit key's public part; undefined before there is one. */
  auditIdentity: () => Promise<Pick<NoteSigner, 'origin' | 'publicKey'> | undefined>
  report: (failure: unknown, requestId: string) => void
}

const receiptPath = /^\/receipt\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/**
 * What anybody may hold against us, without credentials: `/audit/checkpoint` (the signed note), `/audit/key` (whose signature
 * it is), and `/receipt/{ca-id}` for ever: the statement of a CA's destruction with its signature, its entry in the log and
 * the proof of that.
 */
export function auditDoor(parts: AuditDoorParts): Door {
  return async (request) => {
    const about = { door: 'pki', operation: request.rawUrl.startsWith('/receipt/') ? 'receipt' : 'audit' }
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return { ...text(405, 'GET and HEAD only.', { allow: 'GET, HEAD' }), about }
      const answer = await answerTo(parts, request)
      return { ...answer, ...(request.method === 'HEAD' ? { body: '' } : {}), about }
    } catch (error) {
      parts.report(error, '')
      return { ...text(500, 'The service failed.'), about }
    }
  }
}

async function answerTo(parts: AuditDoorParts, { rawUrl }: DoorRequest): Promise<DoorAnswer> {
  const path = rawUrl.split('?', 1)[0]!
  if (path === '/audit/checkpoint') {
    const { checkpoint } = await parts.auditLog.state()
    return checkpoint === '' ? text(404, 'The log has no entry yet.') : note(checkpoint)
  }
  if (path === '/audit/key') {
    const identity = await parts.auditIdentity()
    return identity ? note(`${verifierKey(identity)}\n`) : text(404, 'There is no audit key yet.')
  }
  const [, caId] = receiptPath.exec(path) ?? []
  return caId === undefined ? text(404, 'There is nothing here.') : receipt(parts, caId)
}

/** Waits for its number: until then there is nothing to prove (design 8). */
async function receipt({ auditLog, receipts, auditIdentity }: AuditDoorParts, caId: string): Promise<DoorAnswer> {
  const kept = await receipts.find(caId)
  const identity = await auditIdentity()
  if (!kept || !identity) return text(404, 'There is no receipt of such a CA.')
  const { checkpoint } = await auditLog.state()
  const entry = await entryOfReceipt(auditLog, caId)
  const size = checkpoint === '' ? 0 : readCheckpoint(checkpoint).size
  if (!entry || entry.index === null || entry.index >= size)
    return text(503, 'The receipt has no number in the audit log yet: ask again in a second.', { 'retry-after': '1' })
  const path = await inclusionPath(auditLog.readTile, entry.index, size)
  const body = {
    statement: kept.statement,
    signature: Buffer.from(kept.signature).toString('base64'),
    key: verifierKey(identity),
    entry: { index: entry.index, fields: wireFields(fieldsOf(entry.texts, entry.salt, entry.erased)) },
    path: path.map((hash) => Buffer.from(hash).toString('base64')),
    checkpoint,
  }
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-cache' },
    body: `${JSON.stringify(body, null, 2)}\n`,
  }
}

const note = (body: string): DoorAnswer => text(200, body.trimEnd(), { 'cache-control': 'no-cache' })

const text = (status: number, body: string, headers: Record<string, string> = {}): DoorAnswer => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
  body: `${body}\n`,
})
