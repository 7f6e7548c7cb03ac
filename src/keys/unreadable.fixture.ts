/**
 * Asks a keyring whether a key is absent after its folder lost every permission, as somebody whom permissions bind:
 * root becomes nobody first. Prints the code of the error. Arguments: data folder, key id.
 */
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { KeyringError, loadMasterKey, openKeyring, Sealer } from './index.ts'

const [dataFolder = '', keyId = ''] = process.argv.slice(2)
const nobody = 65_534

const loaded = await loadMasterKey({ dataFolder, environment: {} })
if (loaded.status === 'missing') throw new Error('there is no master key')
const keyring = await openKeyring({ dataFolder, sealer: new Sealer({ current: loaded.masterKey }) })
await chmod(join(dataFolder, 'keyring'), 0)
if (process.getuid!() === 0) process.setuid!(nobody)
const said = await keyring.verifyAbsent(keyId).catch((error: unknown) => {
  if (error instanceof KeyringError) return error.code
  throw error
})
process.stdout.write(said)
