import type { AuditLogStore, NoteSigner, ReceiptStore } from '../audit/index.ts'
import type { Problem, Write } from '../kernel/index.ts'
import { receiptForm, type Receipt } from './receipt.ts'

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
    { caId: receipt.ca.id, statement, signature: signer.sign(signedBytes(statement)) },
    otherwise,
  )
}

/** The entry behind a receipt. */
export const entryOfReceipt = (log: Pick<AuditLogStore, 'lastOfCa'>, caId: string) =>
  log.lastOfCa(caId, receiptOperation)
