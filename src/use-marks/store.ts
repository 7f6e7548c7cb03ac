import type { Write } from '../kernel/index.ts'

/** How something was used: its CRL was fetched, its status asked for, it was given out (with its key), it was downloaded. */
export const useKinds = ['crl', 'ocsp', 'export', 'download'] as const
export type UseKind = (typeof useKinds)[number]

/** What a source saw of one subject. Times in ms of the domain clock. */
export interface UseMark {
  kind: UseKind
  /** A CA; or the id of a certificate that no CA of ours issued. */
  subject: string
  /** Of a certificate of the CA; empty for the CA as a whole. */
  serial: string
  firstAt: number
  lastAt: number
  count: number
}

export interface UseMarkStore {
  /** Adds to what is known of the same use. */
  add(mark: UseMark): Write
  /** All marks of a CA as a whole (serial empty) or of one certificate. */
  of(subject: string, serial: string): Promise<UseMark[]>
  /** At most `limit` of those that were last seen before an instant. */
  olderThan(before: number, limit: number): Promise<UseMark[]>
  /** Unless it was seen again meanwhile. */
  forget(mark: UseMark): Write
}
