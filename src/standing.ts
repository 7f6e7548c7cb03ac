import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { BackupError, type AuditMirror } from './backup/index.ts'
import type { Config } from './config/index.ts'
import type { Thread } from './compose.ts'
import { metaKeys } from './data-folder.ts'
import { StartError } from './listeners.ts'
import { mirrorPlaceOf, startMirror } from './mirror.ts'
import { standOnPostgres, type Database } from './storage/index.ts'

/** That this is the one living copy of its instance, as far as can be seen. */
export interface Standing {
  release(): Promise<void>
}

interface StandingParts {
  main: Pick<Thread, 'meta' | 'quarantine'>
  db: Database
  config: Config
  alarm: (facts: object, text: string) => void
  fatal: (reason: string) => void
}

const twoCopies =
  'Another copy of this instance is being served: a backup was restored beside it, or the data was copied. Stop the other one first.'

const mirrorLooksEveryMs = 2_000

/**
 * Makes sure that no other copy of this instance lives: on this machine by a socket in the kernel (a data folder of one's own),
 * on the same server by a lock (PostgreSQL), and anywhere by the owner's mark of the audit mirror, which it starts too, once
 * there is no quarantine.
 * @throws StartError
 */
export async function takeStanding({ main, db, config, alarm, fatal }: StandingParts): Promise<Standing> {
  const { meta, quarantine } = main
  const lineage = (await meta.read(metaKeys.lineage)) ?? (await meta.read(metaKeys.instance))!
  const postgres = config.database === undefined ? undefined : await standOnPostgres(config.database, lineage)
  const release = postgres ? () => postgres.release() : await holdOnThisMachine(lineage)
  if (postgres?.anotherCopy === true) {
    await release()
    throw new StartError(twoCopies)
  }
  const { auditMirror } = config
  if (!auditMirror) return { release }

  let mirror: AuditMirror | undefined
  const begin = async (): Promise<void> => {
    if (mirror || (await quarantine.holds())) return
    if (postgres && !(await postgres.take('audit-mirror'))) return
    mirror = await startMirror(db, mirrorPlaceOf(auditMirror, config.outboundAllow), {
      alarm: (reason) => alarm({ reason }, 'the audit mirror cannot be written and will be tried again'),
      fatal,
      // This process had lost touch with the server, and another went on.
      handedOver: postgres && (() => (mirror = undefined)),
    })
  }
  try {
    await begin()
  } catch (error) {
    await release()
    throw error instanceof BackupError ? new StartError(error.message) : error
  }
  let looking: Promise<void> | undefined
  const looks = setInterval(() => {
    looking ??= begin()
      .catch((error: unknown) => alarm({ error: String(error) }, 'the audit mirror cannot be begun'))
      .finally(() => (looking = undefined))
  }, mirrorLooksEveryMs)
  return {
    async release() {
      clearInterval(looks)
      await looking
      await mirror?.stop()
      await release()
    },
  }
}

/** A name that the kernel takes back when the process ends, however it ends. @throws StartError when it is taken */
async function holdOnThisMachine(lineage: string): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return () => Promise.resolve()
  const name = createHash('sha256').update(`certkeep ${lineage}`).digest('hex').slice(0, 40)
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', () => reject(new StartError(twoCopies)))
    server.listen(`\0certkeep-${name}`, resolve)
  })
  server.unref()
  return () => new Promise((resolve) => void server.close(() => resolve()))
}
