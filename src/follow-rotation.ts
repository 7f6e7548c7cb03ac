import type { Alarm } from './backend.ts'
import type { Thread } from './compose.ts'
import { masterKeyOf } from './data-folder.ts'
import type { MasterKey } from './keys/index.ts'

const rotationLooksEveryMs = 2_000

/** While the master key is rotated (rotate-master-key.ts) new values are sealed under the next one, in all threads. */
export function followRotation(
  { deps: { sealer } }: Thread,
  dataFolder: string,
  alarm: Alarm,
  tellWorkers: (next: MasterKey) => Promise<unknown>,
): NodeJS.Timeout {
  const look = async (): Promise<void> => {
    const wanted = await masterKeyOf(dataFolder, process.env, true)
    if (wanted.keyId === sealer.keyId) return
    sealer.use(wanted)
    await tellWorkers(wanted)
  }
  const failed = (error: unknown) => alarm('master-key', { error: String(error) }, 'the master key cannot be read')
  return setInterval(() => void look().catch(failed), rotationLooksEveryMs)
}
