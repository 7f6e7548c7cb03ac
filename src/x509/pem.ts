import { fail } from './errors.ts'

/** One encapsulated block. */
export interface PemBlock {
  readonly label: string
  readonly der: Uint8Array
  /** Of RFC 1421 §4.6.1.3, when the block has it: what `der` is encrypted with. */
  readonly dek?: { readonly cipher: string; readonly iv: Uint8Array }
}

export interface PemOptions {
  /** Largest text, in characters. */
  readonly maxLength?: number
  /** Most blocks. */
  readonly maxBlocks?: number
  /** Accept explanatory text before, between and after blocks (RFC 7468 §5.2), as `openssl x509 -text` writes it. */
  readonly surroundingText?: boolean
  /** Give encrypted keys as they are, for somebody who has their password, in place of EncryptedKey. */
  readonly encryptedKeys?: boolean
}

const begin = '-----BEGIN '
const dashes = '-----'
/** RFC 7468 §3: printable characters except "-", single spaces or hyphens between words. */
const labelPattern = /^[\x21-\x2c\x2e-\x7e]+(?:[- ][\x21-\x2c\x2e-\x7e]+)*$/

/**
 * Reads RFC 7468 text: lines end in LF or CRLF and may be followed by blanks; base64 is canonical (no stray
 * characters, full padding, zero spare bits). Throws X509Error EncryptedKey for a block with RFC 1421 headers or of
 * the label ENCRYPTED PRIVATE KEY, BadPem for anything else that is wrong, and for no block at all.
 */
export function readPem(text: string, options: PemOptions = {}): PemBlock[] {
  const { maxLength = 1 << 20, maxBlocks = 64, surroundingText = false, encryptedKeys = false } = options
  if (text.length > maxLength) throw fail('BadPem', `more than ${maxLength} characters of PEM`)
  const blocks: PemBlock[] = []
  for (let pos = 0; ;) {
    const start = text.indexOf(begin, pos)
    const before = text.slice(pos, start < 0 ? text.length : start)
    if (!surroundingText && !isBlank(before)) throw fail('BadPem', 'text outside of PEM blocks')
    if (start < 0) break
    if (start > 0 && text.charCodeAt(start - 1) !== 0x0a) throw fail('BadPem', 'BEGIN is not at the start of a line')
    if (blocks.length === maxBlocks) throw fail('BadPem', `more than ${maxBlocks} PEM blocks`)
    const labelEnd = text.indexOf(dashes, start + begin.length)
    const label = text.slice(start + begin.length, labelEnd)
    if (labelEnd < 0 || label.length > 64 || !labelPattern.test(label)) throw fail('BadPem', 'not a PEM label')
    const bodyStart = labelEnd + dashes.length
    const endLine = `${dashes}END ${label}${dashes}`
    const bodyEnd = text.indexOf(dashes, bodyStart)
    if (bodyEnd < 0 || !text.startsWith(endLine, bodyEnd)) throw fail('BadPem', `no END ${label}`)
    pos = bodyEnd + endLine.length
    if (!endsLine(text, pos)) throw fail('BadPem', 'text behind END')
    blocks.push(readBlock(label, text.slice(bodyStart, bodyEnd), encryptedKeys))
  }
  if (blocks.length === 0) throw fail('BadPem', 'no PEM block')
  return blocks
}

/** Reads text that must hold exactly one block, of one of these labels. Throws as `readPem`. */
export function readOnePem(text: string, labels: readonly string[], options?: PemOptions): PemBlock {
  const [block, ...more] = readPem(text, options)
  if (!block || more.length > 0) throw fail('BadPem', 'more than one PEM block')
  if (!labels.includes(block.label)) throw fail('BadPem', `not a ${labels[0]}`)
  return block
}

/** RFC 7468 §2: base64 in lines of 64. Ends with a line break. */
export function writePem(label: string, der: Uint8Array, lineEnd: '\n' | '\r\n' = '\n'): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString('base64')
  let text = `${begin}${label}${dashes}${lineEnd}`
  for (let i = 0; i < base64.length; i += 64) text += base64.slice(i, i + 64) + lineEnd
  return `${text}${dashes}END ${label}${dashes}${lineEnd}`
}

// A colon is in no base64: RFC 1421 headers, which only encrypted keys still carry.
const procType = /^[^\S\n]*\r?\nProc-Type:.*ENCRYPTED/
/** As OpenSSL and Go write them, with nothing else among them. */
const dekHeaders =
  /^[ \t]*\r?\nProc-Type: 4,ENCRYPTED\r?\nDEK-Info: ([A-Z0-9-]{1,32}),((?:[0-9A-Fa-f]{2}){1,32})\r?\n\r?(?=\n)/

function readBlock(label: string, body: string, encryptedKeys: boolean): PemBlock {
  const hasHeaders = procType.test(body)
  if (!encryptedKeys && (label === 'ENCRYPTED PRIVATE KEY' || hasHeaders)) {
    throw fail('EncryptedKey', 'the key is encrypted')
  }
  if (!hasHeaders) return { label, der: decodeBody(body) }
  const [headers, cipher = '', iv = ''] = dekHeaders.exec(body) ?? []
  if (headers === undefined) throw fail('BadPem', 'headers that are not those of an encrypted key (RFC 1421 §4.6)')
  return { label, der: decodeBody(body.slice(headers.length)), dek: { cipher, iv: Buffer.from(iv, 'hex') } }
}

function decodeBody(body: string): Uint8Array {
  if (!/^[ \t]*\r?\n/.test(body) || !body.endsWith('\n')) throw fail('BadPem', 'base64 shares a line with BEGIN or END')
  if (/\r(?!\n)/.test(body)) throw fail('BadPem', 'a carriage return that ends no line')
  const base64 = withoutLineEnds(body)
  const der = Buffer.from(base64, 'base64')
  if (der.length === 0 || der.toString('base64') !== base64) throw fail('BadPem', 'not canonical base64')
  return der
}

/**
 * Blanks are dropped only where a line ends (RFC 7468 §3, 1*base64char *WSP eol); inside a line they stay, and fail
 * later.
 */
function withoutLineEnds(body: string): string {
  if (!/[ \t]/.test(body)) return body.replaceAll(/\r?\n/g, '')
  let base64 = ''
  for (const line of body.split('\n')) {
    let end = line.length
    while (end > 0 && ' \t\r'.includes(line[end - 1]!)) end--
    base64 += line.slice(0, end)
  }
  return base64
}

function isBlank(text: string): boolean {
  return text === '' || /^[ \t\r\n]*$/.test(text)
}

function endsLine(text: string, pos: number): boolean {
  let i = pos
  while (text[i] === ' ' || text[i] === '\t') i++
  return i === text.length || text[i] === '\n' || (text[i] === '\r' && text[i + 1] === '\n')
}
