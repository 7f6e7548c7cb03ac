/** The parts of RFC 9110 §13 that matter for what is read only: whether a client has this very representation already. */
export interface Validators {
  /** Quoted. */
  etag: string
  /** Milliseconds since 1970. */
  lastModified: number
}

export interface Conditions {
  ifNoneMatch: string | undefined
  ifModifiedSince: string | undefined
}

/** RFC 9110 §13.2.2: If-None-Match decides where it is there, by weak comparison; else If-Modified-Since. */
export function notModified({ etag, lastModified }: Validators, { ifNoneMatch, ifModifiedSince }: Conditions): boolean {
  if (ifNoneMatch !== undefined) {
    const tags = ifNoneMatch.split(',').map((each) => each.trim().replace(/^W\//, ''))
    return tags.includes('*') || tags.includes(etag)
  }
  if (ifModifiedSince === undefined) return false
  const since = Date.parse(ifModifiedSince)
  return !Number.isNaN(since) && Math.floor(lastModified / 1_000) * 1_000 <= since
}
