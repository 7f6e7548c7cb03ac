import { createPrivateKey, sign } from 'node:crypto'
import type { Sealer } from './sealing.ts'

/**
 * The key of an OCSP responder, which is no CA key: short-lived, replaced every few days, and able to say nothing but
 * what the status of a certificate is. It has no data key in the keyring; the master key alone seals it.
 */
export interface ResponderKey {
  /** ECDSA over SHA-256 by a P-256 key, as DER. */
  sign(responseData: Uint8Array): Buffer
}

/** @param caId whose responder's it is: it opens for no other */
export const sealResponderKey = (sealer: Sealer, caId: string, pkcs8: Uint8Array): Buffer =>
  sealer.seal('ocsp-responder-key', [caId], pkcs8)

/** @throws SealError when it does not open: another CA's, another master key's, or damaged */
export function openResponderKey(sealer: Sealer, caId: string, sealed: Uint8Array): ResponderKey {
  const pkcs8 = sealer.open('ocsp-responder-key', [caId], sealed)
  try {
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    return { sign: (responseData) => sign('sha256', responseData, key) }
  } finally {
    pkcs8.fill(0)
  }
}
