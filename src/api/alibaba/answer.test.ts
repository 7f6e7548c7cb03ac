import { XMLParser, XMLValidator } from 'fast-xml-parser'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { renderSuccess } from './answer.ts'
import { writeJson, writeXml } from './document.ts'

const requestId = '3E50D480-9765-5CFD-9650-9BACCECA5135'
const json = { action: 'DeleteUserCertificate', requestId, format: 'JSON' } as const
const xml = { ...json, format: 'XML' } as const
const parser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  htmlEntities: true,
  processEntities: { enabled: true, maxTotalExpansions: 100_000, maxExpandedLength: 10_000_000 },
})

describe('success, contract alibaba-wire §5 and §8', () => {
  test('JSON is a flat object with the request id in body and header', () => {
    expect(renderSuccess({}, json)).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json;charset=utf-8', 'x-acs-request-id': requestId },
      body: '{"RequestId":"3E50D480-9765-5CFD-9650-9BACCECA5135"}',
    })
  })

  test('XML has the root <Action>Response', () => {
    expect(renderSuccess({}, xml)).toEqual({
      status: 200,
      headers: { 'content-type': 'text/xml;charset=utf-8', 'x-acs-request-id': requestId },
      body:
        '<?xml version="1.0" encoding="UTF-8"?>' +
        '<DeleteUserCertificateResponse><RequestId>3E50D480-9765-5CFD-9650-9BACCECA5135</RequestId></DeleteUserCertificateResponse>',
    })
  })

  test('an XML list is its element repeated, without a wrapper', () => {
    const members = { TotalCount: 2, CertificateList: [{ id: 1 }, { id: 2 }], Names: ['a', 'b'], None: [] }
    const { body } = renderSuccess(members, { ...xml, action: 'ListX' })
    expect(body).toContain(
      '<ListXResponse><TotalCount>2</TotalCount><CertificateList><id>1</id></CertificateList>' +
        '<CertificateList><id>2</id></CertificateList><Names>a</Names><Names>b</Names><RequestId>',
    )
    expect(parser.parse(body)).toEqual({
      ListXResponse: {
        TotalCount: '2',
        CertificateList: [{ id: '1' }, { id: '2' }],
        Names: ['a', 'b'],
        RequestId: requestId,
      },
    })
  })

  test('int64 is a JSON number, whatever its size', () => {
    expect(renderSuccess({ CertId: 9007199254740993n, Ids: [1n] }, json).body).toContain(
      '{"CertId":9007199254740993,"Ids":[1],',
    )
    expect(renderSuccess({ CertId: 9007199254740993n }, xml).body).toContain('<CertId>9007199254740993</CertId>')
  })

  test('a member that is undefined is left out, an empty text and an empty list stay', () => {
    const members = { A: undefined, B: '', C: [], D: { E: undefined }, F: false }
    expect(JSON.parse(renderSuccess(members, json).body)).toEqual({
      B: '',
      C: [],
      D: {},
      F: false,
      RequestId: requestId,
    })
    expect(renderSuccess(members, xml).body).toContain('<B></B><D></D><F>false</F>')
  })

  test('a top-level Code that pop-core takes for a failure cannot be written', () => {
    for (const Code of [200, '200', 'OK', 'Success']) expect(renderSuccess({ Code }, json).status).toBe(200)
    expect(() => renderSuccess({ Code: 'NotFound' }, json)).toThrow(TypeError)
    expect(renderSuccess({ Data: { Code: 'NotFound' } }, json).status).toBe(200)
  })

  test('the request id is ours, whatever the members say', () => {
    expect(JSON.parse(renderSuccess({ RequestId: 'x' }, json).body)).toEqual({ RequestId: requestId })
  })
})

describe('writing', () => {
  test('text that means something in XML comes back as it was', () => {
    const text = `-----BEGIN-----\r\n<&>"' ]]> \t测试 😀`
    expect(parser.parse(writeXml('R', { A: text }))).toEqual({ R: { A: text } })
  })

  test('characters that XML 1.0 cannot carry become U+FFFD', () => {
    expect(writeXml('R', { A: 'a\0b\x1Fc\uFFFEd\uD800e\uDC00f\x7F' })).toContain(
      '<A>a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFDf\x7F</A>',
    )
  })

  test('numbers that JSON does not have and names that XML does not have are mistakes of ours', () => {
    expect(() => writeJson({ A: Number.NaN })).toThrow(TypeError)
    expect(() => writeXml('R', { A: Number.POSITIVE_INFINITY })).toThrow(TypeError)
    for (const name of ['', '1a', 'a b', '<a>', 'a:b']) expect(() => writeXml('R', { [name]: 'x' })).toThrow(TypeError)
  })

  test('any text is well-formed XML and comes back, and JSON says what JSON.stringify says: 2000 texts', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (binary, grapheme) => {
        const members = { A: binary, B: [grapheme, 'x'], C: { D: 1.5 } }
        const document = writeXml('R', members)
        expect(XMLValidator.validate(document)).toBe(true)
        expect(parser.parse(document)).toMatchObject({ R: { B: [grapheme, 'x'] } })
        expect(writeJson(members)).toBe(JSON.stringify(members))
      }),
      { seed: 20260115, numRuns: 2000 },
    )
  })
})
