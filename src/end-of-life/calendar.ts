import { day } from '../kernel/index.ts'
import type { Ca, Deletion } from '../ca/index.ts'

/** When, and what happens then. `until` is how long that holds. Times in ms of the domain clock. */
export interface CalendarEntry {
  at: number
  event: 'scheduled' | 'lastRestore' | 'everythingRevoked' | 'finalCrl' | 'keyDestroyed'
  until?: number
}

/**
 * How long a final CRL is valid: until the last certificate under the CA has ended, never past the CA's own end; with none left,
 * for as long as its CRLs were.
 */
export function finalCrlUntil(ca: Ca, lastNotAfter: number | null, at: number): number {
  const usual = at + ca.crl.validDays * day
  const lasting = lastNotAfter !== null && lastNotAfter > at ? lastNotAfter : usual
  const wanted = Math.min(lasting, ca.notAfter ?? usual)
  return wanted > at ? wanted : usual
}

/** What will happen when the CA is deleted now, or what will happen because it was. */
export function calendarOf(
  ca: Ca,
  now: number,
  choice: { keepDays: number; disposition: Deletion['disposition'] },
  lastNotAfter: number | null,
): CalendarEntry[] {
  if (ca.state === 'pendingActivation') return [{ at: now, event: 'keyDestroyed' }]
  const { keepDays, disposition } = ca.deletion ?? choice
  const dueAt = ca.dueAt ?? now + keepDays * day
  return [
    { at: ca.deletion?.requestedAt ?? now, event: 'scheduled' },
    { at: dueAt, event: 'lastRestore' },
    ...(disposition === 'revokeAll' ? [{ at: dueAt, event: 'everythingRevoked' } as const] : []),
    { at: dueAt, event: 'finalCrl', until: finalCrlUntil(ca, lastNotAfter, dueAt) },
    { at: dueAt, event: 'keyDestroyed' },
  ]
}
