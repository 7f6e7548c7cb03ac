import type { AuditLogStore, NoteSigner, ReceiptStore } from '../audit/index.ts'
import type { Ca, Deletion } from '../ca/index.ts'
import type { IssuanceLedger } from '../issuance/index.ts'
import type { Problem, Write } from '../kernel/index.ts'

/**
 * The statement of a CA's destruction: the facts of its entry in the audit log, to the letter, and what `/receipt/{ca-id}`
 * shows with signature and proof. Times are ms of the domain clock. Verifiers outside read it: members may be added, never
 * renamed.
 */
export interface Receipt {
  receipt: typeof receiptForm
  caId: string
  commonName: Ca['subject']['commonName'] | undefined
  serial: string | null
  /** Who asked, when, and with which disposition. */
  requested: Deletion | null
  dueAt: number | null
  destroyedAt: number
  /** What was still valid under the CA. */
  unexpired: Awaited<ReturnType<IssuanceLedger['unexpired']>>
  finalCrl: {
    number: number
    entries: number
    thisUpdate: number
    nextUpdate: number
    sha256: string
  }
  key: DestroyedKey | KeptKey
}

export interface DestroyedKey {
  id: string
  algorithm: string
  spkiSha256: string
  method: string
  level: 'local'
  /** The providers in which nothing of it was found. */
  searched: readonly string[]
  origin?: string
}

export interface KeptKey {
  id: string | null
  method: string
}

export const receiptForm = 'certkeep receipt 1'
export const receiptOperation = 'DestroyCaKey'

export interface ReceiptNeeds {
  receipts: ReceiptStore
  auditSigner: () => Promise<NoteSigner>
}

/** What the signature of a receipt is over: no checkpoint begins like that. */
const signedBytes = (statement: string): Uint8Array => Buffer.from(`${receiptForm}\n${statement}`)

/** The receipt, signed, for the commit that also has the entry with the very same facts. */
export async function keepReceipt(needs: ReceiptNeeds, receipt: Receipt, otherwise: Problem): Promise<Write> {
  const signer = await needs.auditSigner()
  const statement = JSON.stringify(receipt)
  return needs.receipts.insert(
    { caId: receipt.caId, statement, signature: signer.sign(signedBytes(statement)) },
    otherwise,
  )
}

/** The entry behind a receipt. */
export const entryOfReceipt = (log: Pick<AuditLogStore, 'lastOfCa'>, caId: string) =>
  log.lastOfCa(caId, receiptOperation)
