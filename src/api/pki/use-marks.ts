/**
 * Told of each CRL that was fetched (`serial` undefined) and each certificate whose status was asked for: evidence that
 * somebody relies on a CA. Called for every answer, so it must cost next to nothing.
 */
export type NoteUse = (kind: 'crl' | 'ocsp', caId: string, serial: string | undefined) => void
