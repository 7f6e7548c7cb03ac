import { describe, expect, test } from 'vitest'
import { rawRequestOf, requestVectors } from '../../../test/vectors/alibaba/read-vectors.ts'
import { operationParameters, readRequest } from './read-request.ts'
import { canonicalRequestAcs3, stringToSignAcs3, verifyAcs3 } from './signature-acs3.ts'
import { canonicalQueryV1, decodeSignatureV1, signV1, stringToSignV1, verifyV1 } from './signature-v1.ts'

describe('vectors of contract alibaba-wire §7', () => {
  test('every section of §7 has a file', () => {
    const sections = new Set(requestVectors.map(({ section }) => section))
    expect([...sections].sort()).toEqual(['7.1', '7.10', '7.2', '7.3', '7.4', '7.5', '7.6', '7.7', '7.8', '7.9'])
  })

  describe.each(requestVectors)('§$section $title', (vector) => {
    const { expected, accessKeySecret = '' } = vector
    const request = readRequest(rawRequestOf(vector))

    test('is read as its client meant it', () => {
      const { style, format, action, version, common } = request
      expect({ style, format, action, version }).toEqual({
        style: expected.style,
        format: expected.format,
        action: expected.action,
        version: expected.version,
      })
      expect(common.accessKeyId).toBe(expected.accessKeyId)
      expect(common.securityToken).toBe(vector.securityToken)
      expect(common.bearerToken).toBe(vector.bearerToken)
      expect(common.timestamp).toBe(vector.now)
      expect(Object.fromEntries(operationParameters(request))).toEqual(expected.parameters)
    })

    if (expected.style === 'v1')
      test('§2 the client signature is ours', () => {
        if (expected.canonicalQuery !== undefined) {
          expect(canonicalQueryV1(request.parameters)).toBe(expected.canonicalQuery)
        }
        const stringToSign = stringToSignV1(request)
        if (expected.stringToSign !== undefined) expect(stringToSign).toBe(expected.stringToSign)
        expect(signV1(accessKeySecret, stringToSign).toString('base64')).toBe(expected.signature)

        const signature = decodeSignatureV1(request.common.signature ?? '') ?? Buffer.alloc(0)
        expect(verifyV1(request, signature, accessKeySecret)).toBe(true)
        expect(verifyV1(request, signature, Buffer.from(accessKeySecret))).toBe(true)
        expect(verifyV1(request, signature, `${accessKeySecret}x`)).toBe(false)
      })

    if (expected.style === 'acs3')
      test('§3 the client signature is ours', () => {
        const { authorization } = request
        if (!authorization) throw new Error('the vector has no Authorization')
        const { signedHeaders } = authorization
        if (expected.canonicalRequest !== undefined) {
          expect(canonicalRequestAcs3(request, signedHeaders)).toBe(expected.canonicalRequest)
        }
        if (expected.stringToSign !== undefined) {
          expect(stringToSignAcs3(request, signedHeaders)).toBe(expected.stringToSign)
        }
        expect(Buffer.from(authorization.signature).toString('hex')).toBe(expected.signature)
        expect(verifyAcs3(request, authorization, accessKeySecret)).toBe(true)
        expect(verifyAcs3(request, authorization, Buffer.from(accessKeySecret))).toBe(true)
        expect(verifyAcs3(request, authorization, `${accessKeySecret}x`)).toBe(false)
      })
  })
})
