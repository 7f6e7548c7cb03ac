import { day } from '../kernel/index.ts'

export type ChildKind = 'leaf' | 'ca'

/** What the ledger counted of the certificates of a CA that end on one day and name the same CRL. */
export interface LedgerCount {
  kind: ChildKind
  /** Days since 1970, UTC. */
  expiryDay: number
  /** Null: they name none; undefined: not known. */
  crlUrl: string | null | undefined
  issued: number
  revoked: number
  decrypting: number
  lastNotAfter: number
  lastIssuedAt: number
}

/** Signings of CA certificates that a crash left open: whether they were made is not known, so they count as issued. */
export interface OpenSigning {
  notAfter: number
  revoked: boolean
}

export interface ByState {
  /** Neither expired nor revoked. */
  valid: number
  /** Revoked and not expired. */
  revoked: number
  expired: number
}

/** What stands under a CA at an instant. */
export interface UnderCa {
  leaves: ByState
  cas: ByState
  /** When the last certificate ends that has not expired, revoked ones included; null: there is none. */
  lastNotAfter: number | null
  lastIssuedAt: number | null
  /** The days (their beginning, UTC) on which something unexpired ends, in their order. */
  days: { day: number; valid: number; revoked: number }[]
  /** Unexpired certificates that tell nobody where their CRL is, and those of which that is not known. */
  withoutPointer: number
  pointerUnknown: number
  /** Every place that an unexpired certificate names for its CRL. */
  crlUrls: string[]
  /** Unexpired certificates whose keys were made here and may decrypt. */
  decrypting: number
}

/**
 * Adds counters up. A day counts as one: what ended on the present day (UTC) is counted as unexpired for as long as anything of
 * that day has still to end. So never too few are unexpired, and none means none.
 */
export function underCa(counts: readonly LedgerCount[], open: readonly OpenSigning[], now: number): UnderCa {
  const states = { leaf: byState(), ca: byState() }
  const days = new Map<number, { valid: number; revoked: number }>()
  const crlUrls = new Set<string>()
  let [withoutPointer, pointerUnknown, decrypting, lastNotAfter, lastIssuedAt] = [0, 0, 0, 0, 0]
  const add = (expiryDay: number, kind: ChildKind, issued: number, revoked: number) => {
    const counted = days.get(expiryDay) ?? { valid: 0, revoked: 0 }
    days.set(expiryDay, counted)
    for (const each of [counted, states[kind]]) {
      each.valid += issued - revoked
      each.revoked += revoked
    }
  }
  const lastOfDay = new Map<number, number>()
  for (const { expiryDay, lastNotAfter: last } of counts)
    lastOfDay.set(expiryDay, Math.max(lastOfDay.get(expiryDay) ?? 0, last))

  for (const { kind, expiryDay, crlUrl, issued, revoked, ...count } of counts) {
    lastIssuedAt = Math.max(lastIssuedAt, count.lastIssuedAt)
    if (lastOfDay.get(expiryDay)! < now) {
      states[kind].expired += issued
      continue
    }
    add(expiryDay, kind, issued, revoked)
    lastNotAfter = Math.max(lastNotAfter, count.lastNotAfter)
    decrypting += count.decrypting
    if (crlUrl === null) withoutPointer += issued
    else if (crlUrl === undefined) pointerUnknown += issued
    else if (issued > 0) crlUrls.add(crlUrl)
  }
  for (const { notAfter, revoked } of open) {
    if (notAfter < now) continue
    add(Math.floor(notAfter / day), 'ca', 1, revoked ? 1 : 0)
    lastNotAfter = Math.max(lastNotAfter, notAfter)
    pointerUnknown++
  }
  return {
    leaves: states.leaf,
    cas: states.ca,
    lastNotAfter: lastNotAfter || null,
    lastIssuedAt: lastIssuedAt || null,
    days: [...days]
      .map(([at, counted]) => ({ day: at * day, ...counted }))
      .toSorted((one, other) => one.day - other.day),
    withoutPointer,
    pointerUnknown,
    crlUrls: [...crlUrls].toSorted(),
    decrypting,
  }
}

const byState = (): ByState => ({ valid: 0, revoked: 0, expired: 0 })

/** How many have not expired, and how many of them are not revoked. */
export const unexpiredOf = ({ leaves, cas }: Pick<UnderCa, 'leaves' | 'cas'>) => {
  const valid = leaves.valid + cas.valid
  return { valid, unexpired: valid + leaves.revoked + cas.revoked }
}
