/** Percent encoding as both signatures need it, and decoding of query strings and form bodies. */

/** Contract alibaba-wire §2 step 2: `A-Z a-z 0-9 - _ . ~` stay, every other byte of the UTF-8 text is `%XX`. */
export function percentEncode(text: string): string {
  const encoded = encodeURIComponent(text)
  return /[!'()*]/.test(encoded) ? encoded.replace(/[!'()*]/g, hexEscape) : encoded
}

function hexEscape(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

/** Decodes one name or value; `+` is a space. Undefined for a malformed escape or bytes that are not UTF-8. */
export function percentDecode(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return undefined
  }
}

// Without ignoreBOM a leading U+FEFF would vanish, and the signature with it.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Undefined for bytes that are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** Text in which each character stands for one byte (as Node gives URLs and headers), read as UTF-8. */
export function decodeLatin1AsUtf8(text: string): string | undefined {
  if (/^\p{ASCII}*$/u.test(text)) return text
  return /[\u0100-\uFFFF]/.test(text) ? undefined : decodeUtf8(Buffer.from(text, 'latin1'))
}

/** Order of the UTF-8 bytes, in which both signatures sort names (§2 step 3). */
export function compareBytes(a: string, b: string): number {
  // Code units sort as bytes do, except around surrogates.
  if (/[\uD800-\uDFFF]/.test(a + b)) return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return a < b ? -1 : a > b ? 1 : 0
}
