import { createHmac } from 'node:crypto'
import { day, hour, minute, newUuid, type Clock, type Committer } from '../kernel/index.ts'
import type { Notice, NoticeStore } from './store.ts'

export interface NoticesNeeds {
  notices: NoticeStore
  committer: Committer
  /** Certificates end by this one … */
  domainClock: Clock
  /** … and signatures are dated by this one. */
  wallClock: Clock
  /** Sends a document to the operator's webhook. @returns the status of the answer; throws when there was none */
  post: (body: Uint8Array, headers: Record<string, string>) => Promise<number>
  secret: Uint8Array
  instanceId: () => Promise<string | undefined>
  /** A document did not arrive and will be sent again. */
  warn: (reason: string) => void
}

/** Nearest first: what expires within a day is announced as that, even if nothing was said a month before. */
const windows = [
  { fromDays: 0, withinDays: 1 },
  { fromDays: 1, withinDays: 7 },
  { fromDays: 7, withinDays: 30 },
] as const

const pageSize = 500
const maxFoundAtOnce = 10_000
const inOneDocument = 100
/** So long after their end notices are of no more use. */
const keptAfterEnd = 90 * day

/**
 * Tells the operator, by a webhook, what expires within 30, 7 and 1 days. Each notice is stored before it is sent and
 * marked after an answer of 2xx: a crash in between sends it again, with the same id.
 */
export class ExpiryNotices {
  private readonly needs: NoticesNeeds
  private failures = 0

  constructor(needs: NoticesNeeds) {
    this.needs = needs
  }

  /** @returns when it is due again (domain clock): in a day, or sooner when something is left to be found or sent */
  async run(): Promise<number> {
    const now = this.needs.domainClock.now()
    const foundAll = await this.find(now)
    if (!(await this.sendAll())) return now + Math.min(hour, minute * 2 ** Math.min(this.failures++, 6))
    this.failures = 0
    await this.needs.committer.commit([this.needs.notices.forget(now - keptAfterEnd)])
    return now + (foundAll ? day : minute)
  }

  private async find(now: number): Promise<boolean> {
    const { notices, committer } = this.needs
    let found = 0
    for (const { fromDays, withinDays } of windows) {
      const window = { after: now + fromDays * day, upTo: now + withinDays * day, withinDays }
      for (;;) {
        const page = await notices.unannounced(window, pageSize)
        if (page.length === 0) break
        await committer.commit(page.map((notice) => notices.insert(notice, now)))
        found += page.length
        if (found >= maxFoundAtOnce) return false
      }
    }
    return true
  }

  /** @returns whether all arrived */
  private async sendAll(): Promise<boolean> {
    const { notices, committer, domainClock, warn } = this.needs
    for (;;) {
      const batch = await notices.unsent(inOneDocument)
      if (batch.length === 0) return true
      try {
        await this.send(batch)
      } catch (error) {
        warn(error instanceof Error ? error.message : String(error))
        return false
      }
      await committer.commit(batch.map(({ id }) => notices.sent(id, domainClock.now())))
    }
  }

  private async send(batch: readonly Notice[]): Promise<void> {
    const { post, secret, instanceId, wallClock } = this.needs
    const now = wallClock.now()
    const body = Buffer.from(
      JSON.stringify({
        type: 'certkeep.expiry',
        deliveryId: newUuid(),
        instanceId: await instanceId(),
        sentAt: new Date(now).toISOString(),
        notices: batch.map((notice) => ({ ...notice, notAfter: new Date(notice.notAfter).toISOString() })),
      }),
    )
    const status = await post(body, {
      'content-type': 'application/json',
      'user-agent': 'certkeep',
      'x-certkeep-signature': signatureOf(secret, Math.floor(now / 1_000), body),
    })
    if (status < 200 || status > 299) throw new Error(`the webhook answered ${status}`)
  }
}

/** `t=<seconds since 1970>,v1=<hex of HMAC-SHA256 over "<t>.<body>">`: the time is under the signature, so old documents cannot be sent anew. */
export function signatureOf(secret: Uint8Array, seconds: number, body: Uint8Array): string {
  const mac = createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('hex')
  return `t=${seconds},v1=${mac}`
}
