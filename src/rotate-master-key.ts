import { setTimeout as sleep } from 'node:timers/promises'
import { auditTrail } from './audit/index.ts'
import { openBeside } from './beside.ts'
import { asFolderError, DataFolderError, instanceAccount, metaKeys } from './data-folder.ts'
import {
  beginRotation,
  endRotation,
  loadMasterKeys,
  masterKeyOf,
  masterKeysIn,
  openKeyring,
  Sealer,
  type Keyring,
} from './keys/index.ts'
import { operatorCaller } from './operator.ts'
import {
  auditStore,
  iamStore,
  sealedUnder,
  sealedValues,
  type Database,
  type SealedKind,
  type SealedMember,
} from './storage/index.ts'

/** The steps of a rotation in order; a crash after any of them is made good by running it again. */
export const rotationSteps = ['rotate.key-made', 'rotate.keyring', 'rotate.values', 'rotate.noted'] as const

export interface Rotation {
  from: string
  to: string
  /** How many files and values were sealed anew. */
  keys: number
  values: number
  /** What is still sealed under the old one, and is not known how to seal anew: then the old one has to stay. */
  left: string[]
  /** Where the old one lies; undefined where the operator has to put the new one into its place. */
  retiredAt: string | undefined
  nextAt: string
}

/** So long a process that serves the data takes at most to notice the next key; it looks every two seconds. */
const noticedWithinMs = 5_000
const pageSize = 200
const maxPasses = 3
/** Among the single values: the keys of the TLS listener (tls/instance-certificate.ts) and of the audit log (audit-key.ts). */
const sealedMembers: readonly SealedMember[] = [
  { key: 'tls.certificate', member: 'sealedKey', purpose: 'certificate-key', context: [instanceAccount, 'tls'] },
  { key: metaKeys.auditKey, member: 'sealed', purpose: 'audit-key', context: [instanceAccount, 'audit'] },
]

/**
 * Exchanges the master key while the service goes on: every file of the keyring and every sealed value of the database is sealed
 * anew, one by one. Whoever reads opens both, for a sealed value names its key and both keys lie in the data folder; whoever
 * seals takes the next key as soon as it is seen.
 * @throws DataFolderError, MasterKeyError
 */
export async function rotateMasterKey(
  folder: string,
  {
    database,
    environment,
    onStep = () => undefined,
    settleMs = noticedWithinMs,
  }: {
    database: string | undefined
    environment: Readonly<Record<string, string | undefined>>
    onStep?: (step: (typeof rotationSteps)[number]) => void
    settleMs?: number
  },
): Promise<Rotation> {
  const { db, domainClock, close } = await openBeside(folder, database)
  try {
    const keys = await loadMasterKeys({ dataFolder: folder, environment })
    if (!keys) throw new DataFolderError(`The master key of ${folder} is missing: put it back first.`)
    const { masterKey: old, source } = keys.loaded
    const next = await beginRotation(folder)
    onStep('rotate.key-made')
    const sealer = new Sealer({ current: next, earlier: [old], others: masterKeysIn(folder, environment) })
    const keyring = await openKeyring({ dataFolder: folder, sealer })
    // Until then somebody may still seal under the old one: what they sealed is found by the pass that follows.
    await sleep(settleMs)
    let rewrapped = 0
    let values = 0
    let left: string[] = []
    // A process that was slow to notice may have sealed something behind the pass: then once more.
    for (let pass = 0; pass < maxPasses; pass++) {
      rewrapped += await rewrapKeyring(keyring)
      onStep('rotate.keyring')
      for (const kind of sealedValues(db, sealedMembers)) values += await sealAnew(db, kind, sealer)
      onStep('rotate.values')
      left = await sealedUnder(db, old.keyId)
      if (left.length === 0) break
    }
    const account = await iamStore(db).firstAccount()
    await db.commit([
      auditTrail(auditStore(db), domainClock).done(operatorCaller(account!.id), 'RotateMasterKey', {
        objectType: 'instance',
        objectId: '',
        facts: { from: old.keyId, to: next.keyId, keys: rewrapped, values, left },
      }),
    ])
    onStep('rotate.noted')
    const retiredAt = source === 'dataFolder' ? await endRotation(folder, old) : undefined
    return { from: old.keyId, to: next.keyId, keys: rewrapped, values, left, retiredAt, nextAt: keys.loaded.path }
  } catch (error) {
    throw asFolderError(error)
  } finally {
    await close()
  }
}

/** The control file last: it stands for all of them. */
async function rewrapKeyring(keyring: Keyring): Promise<number> {
  let count = 0
  for (const keyId of await keyring.list()) if ((await keyring.rewrap({ keyId })) === 'rewrapped') count++
  await keyring.rewrap('control')
  return count
}

async function sealAnew(db: Database, kind: SealedKind, sealer: Sealer): Promise<number> {
  let count = 0
  for (let after: string | number | undefined; ;) {
    const page = await kind.page(after, pageSize)
    for (const value of page) {
      const { purpose, context, sealed } = value
      if (sealed.length === 0 || masterKeyOf(purpose, sealed) === sealer.keyId) continue
      const plain = sealer.open(purpose, context, sealed)
      try {
        await db.commit([kind.replace(value, sealer.seal(purpose, context, plain))])
        count++
      } catch (error) {
        // Somebody else has changed or deleted it: what is there now is under the next key, or nothing is.
        if (!(error instanceof Error && error.name === 'Problem')) throw error
      } finally {
        plain.fill(0)
      }
    }
    after = page.at(-1)?.key
    if (page.length < pageSize) return count
  }
}
