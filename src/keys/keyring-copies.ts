import type { KeyringCopyStore } from './store.ts'

/**
 * How far the end of a key reaches (design 3, the receipt). `keyring`: every numbered copy of the keyring that held it is
 * attested destroyed. `local`: it is destroyed here, and the numbered copies `outstanding` may hold it still. Copies that
 * somebody made without a number are not known of.
 */
export type DestructionLevel =
  { readonly level: 'keyring' } | { readonly level: 'local'; readonly outstanding: readonly number[] }

/** What may be claimed of a key whose data key has been destroyed here. Read it when the claim is made: copies are attested later. */
export async function destructionLevel(
  copies: Pick<KeyringCopyStore, 'outstanding'>,
  keyId: string,
): Promise<DestructionLevel> {
  const outstanding = await copies.outstanding(keyId)
  return outstanding.length === 0 ? { level: 'keyring' } : { level: 'local', outstanding }
}
