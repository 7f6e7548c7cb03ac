import { describe, expect, test } from 'vitest'
import { readOnePem, readPem, writePem } from './pem.ts'

const der = Uint8Array.from({ length: 100 }, (_, i) => i)
const pem = writePem('CERTIFICATE', der)
const code = (text: string, options?: Parameters<typeof readPem>[1]) => {
  try {
    readPem(text, options)
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'accepted'
}

describe('PEM, RFC 7468', () => {
  test('§2: base64 in lines of 64, both line ends, and back', () => {
    expect(pem.split('\n').map((line) => line.length)).toEqual([27, 64, 64, 8, 25, 0])
    for (const lineEnd of ['\n', '\r\n'] as const) {
      const [block] = readPem(writePem('X509 CRL', der, lineEnd))
      expect(block).toMatchObject({ label: 'X509 CRL' })
      expect(block?.der.toHex()).toBe(der.toHex())
    }
  })

  test('several blocks, blank lines and blanks at line ends', () => {
    const text = `\n${pem}\n\n${pem.replaceAll('\n', ' \t\r\n')}${pem.trimEnd()}`
    expect(readPem(text).map((block) => block.der.toHex())).toEqual(Array(3).fill(der.toHex()))
  })

  test('§5.2: text around the blocks only when asked for', () => {
    const text = `subject=CN\n${pem}more text\n${pem}`
    expect(code(text)).toBe('BadPem')
    expect(readPem(text, { surroundingText: true })).toHaveLength(2)
  })

  test.each([
    ['nothing', ''],
    ['no END', pem.slice(0, -20)],
    ['another label at the END', pem.replace('END CERTIFICATE', 'END X')],
    ['BEGIN inside a line', ` ${pem}`],
    ['text behind BEGIN', pem.replace('-----\n', '----- x\n')],
    ['text behind END', `${pem.trimEnd()} x`],
    ['an empty body', '-----BEGIN A-----\n-----END A-----\n'],
    ['an empty label', '-----BEGIN -----\nAAAA\n-----END -----\n'],
    ['a character that is no base64', pem.replace('AAEC', 'AA.C')],
    ['a blank inside a line', pem.replace('AAEC', 'AA C')],
    ['missing padding', pem.replace('==', '')],
    ['padding in the middle', pem.replace('AAEC', 'AA==')],
    ['spare bits that are set', '-----BEGIN A-----\nAB==\n-----END A-----\n'],
    ['the URL alphabet', '-----BEGIN A-----\n-_-_\n-----END A-----\n'],
    ['a lone carriage return', pem.replaceAll('\n', '\r')],
    ['a carriage return inside a line', pem.replace('AAEC', 'AAEC\rAAEC')],
    ['base64 on the line of END', pem.replace('\n-----END', '-----END')],
    ['a BEGIN inside of a block', pem.replace('AAEC', '-----BEGIN A-----')],
  ])('%s is refused', (_, text) => {
    expect(code(text)).toBe('BadPem')
  })

  test('sizes and numbers of blocks are limited', () => {
    expect(code(pem, { maxLength: 50 })).toBe('BadPem')
    expect(code(pem + pem, { maxBlocks: 1 })).toBe('BadPem')
  })

  test('encrypted keys are told apart', () => {
    expect(code(writePem('ENCRYPTED PRIVATE KEY', der))).toBe('EncryptedKey')
    const header = 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n'
    expect(code(writePem('RSA PRIVATE KEY', der).replace('-----\n', `-----\n${header}`))).toBe('EncryptedKey')
  })

  test('a million blanks are refused in no time', () => {
    expect(code(`-----BEGIN A-----\n${' '.repeat(1_000_000)}A\n-----END A-----`)).toBe('BadPem')
    expect(code(`${' '.repeat(1_000_000)}x`)).toBe('BadPem')
  })

  test('readOnePem takes one block of the labels it is given', () => {
    expect(readOnePem(pem, ['CERTIFICATE', 'X509 CERTIFICATE']).label).toBe('CERTIFICATE')
    expect(() => readOnePem(pem, ['X509 CRL'])).toThrow(expect.objectContaining({ code: 'BadPem' }))
    expect(() => readOnePem(pem + pem, ['CERTIFICATE'])).toThrow(expect.objectContaining({ code: 'BadPem' }))
  })
})
