import type { KeyringCopyStore } from './store.ts'

/**
 * How far the end of a key reaches (design 3, the receipt). `keyring`: numbered copies of the keyring held it, and every one of
 * them is attested destroyed. `local`: it is destroyed here; the numbered copies `outstanding` may hold it still. Where no
 * numbered copy ever held it nobody has counted copies at all, and no more than `local` is claimed.
 */
export type DestructionLevel =
  { readonly level: 'keyring' } | { readonly level: 'local'; readonly outstanding: readonly number[] }

/** What may be claimed of a key whose data key has been destroyed here. Read it when the claim is made: copies are attested later. */
export async function destructionLevel(
  copies: Pick<KeyringCopyStore, 'holding'>,
  keyId: string,
): Promise<DestructionLevel> {
  const holding = await copies.holding(keyId)
  const outstanding = holding.filter(({ attestedAt }) => attestedAt === null).map(({ number }) => number)
  return holding.length > 0 && outstanding.length === 0 ? { level: 'keyring' } : { level: 'local', outstanding }
}
