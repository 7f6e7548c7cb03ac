import { KeyError, type KeyProvider, type KeyReference } from './signer.ts'

/** A key of no other use that lives in the same provider: if it is found and signs, then looking there finds what is there. */
export interface Control {
  readonly provider: KeyProvider
  readonly key: KeyReference
  readonly spki: Uint8Array
}

export type Destruction =
  | { readonly verified: true; readonly providers: readonly string[] }
  /** `keyIds` are other keys with the same key pair when `by` is `publicKey`. */
  | {
      readonly verified: false
      readonly provider: string
      readonly by: 'id' | 'publicKey'
      readonly keyIds: readonly string[]
    }

/**
 * The positive verification that a key is gone (design: the end of a CA, the day): in every provider a search by id and by
 * public key is empty while a control key is found both ways and signs, before and after. Not finding is an answer only from
 * a place that was seen to answer.
 *
 * @throws KeyError KeyLookupFailed when in some provider the control did not answer, or there was no provider to ask
 */
export async function verifyDestroyed(
  subject: { readonly keyId: string; readonly spki: Uint8Array },
  controls: readonly Control[],
): Promise<Destruction> {
  if (controls.length === 0) throw new KeyError('KeyLookupFailed', 'There is no provider to look for the key in.')
  for (const control of controls) {
    if (control.key.keyId === subject.keyId) {
      throw new KeyError('KeyLookupFailed', 'A key cannot be the control of its own destruction.')
    }
    const { provider } = control
    await proveLookup(control)
    if ((await provider.searchById(subject.keyId)) === 'present') {
      return { verified: false, provider: provider.name, by: 'id', keyIds: [subject.keyId] }
    }
    const keyIds = await provider.searchByPublicKey(subject.spki)
    if (keyIds.length > 0) return { verified: false, provider: provider.name, by: 'publicKey', keyIds }
    await proveLookup(control)
  }
  return { verified: true, providers: controls.map(({ provider }) => provider.name) }
}

async function proveLookup({ provider, key, spki }: Control): Promise<void> {
  const byId = await provider.searchById(key.keyId)
  const byPublicKey = await provider.searchByPublicKey(spki)
  if (byId !== 'present' || !byPublicKey.includes(key.keyId)) {
    throw new KeyError('KeyLookupFailed', `The control key ${key.keyId} is not found in ${provider.name}.`)
  }
  try {
    await provider.proveControl(key, spki)
  } catch (error) {
    const why = error instanceof KeyError ? error.message : 'unknown error'
    throw new KeyError('KeyLookupFailed', `The control key ${key.keyId} does not sign in ${provider.name}: ${why}`)
  }
}
