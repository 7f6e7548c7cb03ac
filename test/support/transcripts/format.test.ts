import { describe, expect, test } from 'vitest'
import { parseTranscript, TranscriptError, withAnswers } from './format.ts'

const text = `// What it is about.
# operation DeleteThing
# given a thing

### It goes: 204
// Why.
# as user
# with token
DELETE /things/{{id}}
  ?days=7
  &really=yes
X-Note: one
X-Note: two

{
  "a": 1
}

< HTTP 200
x-request-id: <hex32>

{"b":"<number>"}

> capture b = body.b
> capture note = header.x-note

### Not recorded yet
GET /things
`

describe('a transcript', () => {
  const transcript = parseTranscript(text)
  const [first, second] = transcript.exchanges

  test('has directives that hold for the whole file', () => {
    expect(transcript.directives.map((directive) => directive.text)).toEqual(['operation DeleteThing', 'given a thing'])
  })

  test('has exchanges: request, answer, captures', () => {
    expect(first).toMatchObject({
      title: 'It goes: 204',
      line: 5,
      method: 'DELETE',
      target: '/things/{{id}}?days=7&really=yes',
      headers: [
        { name: 'X-Note', value: 'one' },
        { name: 'X-Note', value: 'two' },
      ],
      body: '{\n  "a": 1\n}',
      answer: { status: 200, headers: [{ name: 'x-request-id', value: '<hex32>' }], body: '{"b":"<number>"}' },
      captures: [
        { name: 'b', from: 'body.b' },
        { name: 'note', from: 'header.x-note' },
      ],
    })
    expect(first!.directives.map((directive) => directive.text)).toEqual(['as user', 'with token'])
    expect(second).toMatchObject({ method: 'GET', target: '/things', body: '', answer: undefined, captures: [] })
  })

  test('written with the answers that stand in it is the same text', () => {
    expect(withAnswers(transcript, new Map([[first!, first!.answer!]]))).toBe(text)
  })

  test('gets new answers in place of old ones, and where there were none; nothing else of it changes', () => {
    const written = withAnswers(
      transcript,
      new Map([
        [first!, { status: 204, headers: [], body: '' }],
        [second!, { status: 404, headers: [{ name: 'a', value: 'b' }], body: 'gone' }],
      ]),
    )
    const old = '< HTTP 200\nx-request-id: <hex32>\n\n{"b":"<number>"}\n'
    expect(written).toBe(`${text.replace(old, '< HTTP 204\n')}\n< HTTP 404\na: b\n\ngone\n`)
    expect(parseTranscript(written).exchanges[1]!.answer).toMatchObject({ status: 404, body: 'gone' })
  })
})

test.each([
  ['no exchange at all', '// nothing\n', 'line 1: there is no exchange (### title)'],
  ['an exchange without title', '###\nGET /\n', 'line 1: an exchange has a title'],
  ['a title twice', '### a\nGET /\n### a\nGET /\n', 'line 3: this title stands above another exchange already'],
  ['text before the first exchange', 'hello\n### a\nGET /\n', 'line 1: before the first exchange'],
  ['no request line', '### a\n# as user\n', 'line 3: a request line is expected'],
  ['a request line in small letters', '### a\nget /\n', 'line 2: a request line is expected'],
  ['a body without an empty line before it', '### a\nPOST /\n{}\n', 'line 3: a header is expected'],
  ['a capture of something else', '### a\nGET /\n\n> capture a = status\n', 'line 4: a capture is written'],
])('%s is refused, with its line', (_, broken, message) => {
  expect(() => parseTranscript(broken)).toThrow(TranscriptError)
  expect(() => parseTranscript(broken)).toThrow(message)
})
