/**
 * Begins a durable act and is killed (SIGKILL, by itself) right after one of its steps.
 * Arguments: data folder, act, step, key id.
 */
import type { OnStep } from './durable-files.ts'
import { createKeyring, createMasterKey, loadMasterKey, openKeyring, Sealer } from './index.ts'

const [dataFolder = '', act = '', fatalStep = '', keyId = ''] = process.argv.slice(2)

const onStep: OnStep = (step) => {
  if (step === fatalStep) process.kill(process.pid, 'SIGKILL')
}

async function theSealer(): Promise<Sealer> {
  const loaded = await loadMasterKey({ dataFolder, environment: {} })
  if (loaded.status === 'missing') throw new Error('there is no master key')
  return new Sealer({ current: loaded.masterKey })
}

if (act === 'createMasterKey') {
  await createMasterKey({ dataFolder, onStep })
} else if (act === 'createKeyring') {
  await createKeyring({ dataFolder, sealer: await theSealer(), onStep })
} else {
  const keyring = await openKeyring({ dataFolder, sealer: await theSealer(), onStep })
  if (act === 'create') await keyring.create({ keyId, accountId: 'acct-1', spkiSha256: 'ab'.repeat(32) })
  else await keyring.destroy(keyId)
}
