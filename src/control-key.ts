import type { Thread } from './compose.ts'
import { instanceAccount, metaKeys } from './data-folder.ts'
import type { Control } from './keys/index.ts'

/** The instance's control key, by which a thread proves that it reaches its keys (design 3). */
export async function controlOf({ deps: { keyStore, keys }, meta }: Thread): Promise<Control> {
  const key = await keyStore.find((await meta.read(metaKeys.controlKey)) ?? '')
  if (!key?.sealedPrivateKey) throw new Error('the instance has no control key')
  const { id: keyId, algorithm, spki, sealedPrivateKey } = key
  return { provider: keys, spki, key: { keyId, accountId: instanceAccount, algorithm, sealedPrivateKey } }
}
