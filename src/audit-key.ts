import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { noteSigner, type NoteSigner } from './audit/index.ts'
import { instanceAccount, metaKeys } from './data-folder.ts'
import { problem, type Committer } from './kernel/index.ts'
import type { Sealer } from './keys/index.ts'
import type { MetaStore } from './storage/index.ts'

export interface AuditKeyNeeds {
  meta: MetaStore
  sealer: Sealer
  committer: Committer
}

/** In the database under {@link metaKeys.auditKey}: the private part sealed under the master key. */
interface StoredKey {
  publicKey: string
  sealed: string
}

/** Who the log's key says it is, for verifiers. Undefined on an instance that has not started since it has a log. */
export async function auditIdentity(meta: MetaStore): Promise<Pick<NoteSigner, 'origin' | 'publicKey'> | undefined> {
  const stored = await meta.read(metaKeys.auditKey)
  if (stored === undefined) return undefined
  const { publicKey } = JSON.parse(stored) as StoredKey
  return { origin: await originOf(meta), publicKey: Buffer.from(publicKey, 'base64') }
}

/**
 * The instance's audit key (Ed25519), which signs checkpoints and receipts and nothing else; made on first use. It is no
 * CA key: what it signed must be verifiable for ever, so nothing destroys it.
 */
export async function auditSigner(needs: AuditKeyNeeds): Promise<NoteSigner> {
  const { meta, sealer, committer } = needs
  const stored = await meta.read(metaKeys.auditKey)
  if (stored === undefined) {
    try {
      await committer.commit([meta.create(metaKeys.auditKey, JSON.stringify(newKey(sealer)), madeElsewhere)])
    } catch (error) {
      if (error !== madeElsewhere) throw error
    }
    return auditSigner(needs)
  }
  const { publicKey, sealed } = JSON.parse(stored) as StoredKey
  const pkcs8 = sealer.open('audit-key', context, Buffer.from(sealed, 'base64'))
  try {
    const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    return noteSigner(await originOf(meta), Buffer.from(publicKey, 'base64'), privateKey)
  } finally {
    pkcs8.fill(0)
  }
}

const context = [instanceAccount, 'audit']
const madeElsewhere = problem('ChangedMeanwhile')
const rawBytes = 32

function newKey(sealer: Sealer): StoredKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
  try {
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-rawBytes)
    return { publicKey: raw.toString('base64'), sealed: sealer.seal('audit-key', context, pkcs8).toString('base64') }
  } finally {
    pkcs8.fill(0)
  }
}

const originOf = async (meta: MetaStore): Promise<string> => `certkeep/${await meta.read(metaKeys.instance)}`
