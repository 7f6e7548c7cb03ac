/**
 * The text form of a transcript (test/transcripts/README.md): what was asked and what was answered, one exchange after
 * the other, as a person reads them.
 */

/** A line `# …`: who asks, with what, after which steps. */
export interface Directive {
  line: number
  text: string
}

export interface Header {
  name: string
  value: string
}

export interface ExpectedAnswer {
  status: number
  headers: Header[]
  /** Empty when there is none. */
  body: string
}

export interface Capture {
  name: string
  /** `body.ca_id`, `header.x-subject-token`. */
  from: string
}

export interface Exchange {
  title: string
  /** 1-based, of the title. */
  line: number
  directives: Directive[]
  method: string
  target: string
  headers: Header[]
  body: string
  /** Undefined until it has been recorded. */
  answer: ExpectedAnswer | undefined
  captures: Capture[]
  /** Where the answer stands, or would: the index of its first line, and of the line after its last. */
  answerLines: { from: number; to: number }
}

export interface Transcript {
  /** The lines of the file, as they are. */
  lines: readonly string[]
  /** Before the first exchange; they hold for the whole file. */
  directives: Directive[]
  exchanges: Exchange[]
}

export class TranscriptError extends Error {
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`)
    this.name = 'TranscriptError'
  }
}

/** @throws TranscriptError */
export function parseTranscript(text: string): Transcript {
  const lines = text.replace(/\n+$/, '').split('\n')
  const starts = lines.flatMap((line, index) => (line.startsWith('###') ? [index] : []))
  const preamble = readPreamble(lines.slice(0, starts[0] ?? lines.length))
  const exchanges = starts.map((start, index) => readExchange(lines, start, starts[index + 1] ?? lines.length))
  if (exchanges.length === 0) throw new TranscriptError(1, 'there is no exchange (### title)')
  const titles = exchanges.map(({ title }) => title)
  const twice = exchanges.find(({ title }, index) => titles.indexOf(title) < index)
  if (twice) throw new TranscriptError(twice.line, 'this title stands above another exchange already')
  return { lines, directives: preamble, exchanges }
}

const isComment = (line: string): boolean => line.startsWith('//') || line.trim() === ''

function readPreamble(lines: readonly string[]): Directive[] {
  const directives: Directive[] = []
  lines.forEach((line, index) => {
    if (isComment(line)) return
    if (!line.startsWith('# '))
      throw new TranscriptError(index + 1, 'before the first exchange there are comments (//) and directives (#) only')
    directives.push({ line: index + 1, text: line.slice(2).trim() })
  })
  return directives
}

const requestLine = /^([A-Z]+) (\/\S*)$/
const headerLine = /^([A-Za-z0-9-]+): ?(.*)$/
const answerLine = /^< HTTP (\d{3})$/
const captureLine = /^> capture ([a-z][a-z0-9_.]*) = ((?:body|header)\.\S+)$/

function readExchange(lines: readonly string[], start: number, end: number): Exchange {
  const title = lines[start]!.slice(3).trim()
  if (title === '') throw new TranscriptError(start + 1, 'an exchange has a title')
  let at = start + 1
  const directives: Directive[] = []
  for (; at < end && (isComment(lines[at]!) || lines[at]!.startsWith('# ')); at++)
    if (lines[at]!.startsWith('# ')) directives.push({ line: at + 1, text: lines[at]!.slice(2).trim() })

  const [, method, path] = requestLine.exec(lines[at] ?? '') ?? []
  if (method === undefined || path === undefined || at >= end)
    throw new TranscriptError(at + 1, 'a request line is expected: METHOD /path')
  let target = path
  for (at++; at < end && /^\s+[?&]/.test(lines[at]!); at++) target += lines[at]!.trim()

  // Captures end an exchange; before them stands the answer, if there is one yet.
  let last = end
  while (last > at && isComment(lines[last - 1]!)) last--
  const captures: Capture[] = []
  for (; last > at && lines[last - 1]!.startsWith('> '); last--) {
    const [, name, from] = captureLine.exec(lines[last - 1]!) ?? []
    if (name === undefined || from === undefined)
      throw new TranscriptError(last, 'a capture is written: > capture name = body.member')
    captures.unshift({ name, from })
  }
  while (last > at && lines[last - 1]!.trim() === '') last--
  const answerAt = lines.findIndex((line, index) => index >= at && index < last && answerLine.test(line))
  const asked = readMessage(lines, at, answerAt < 0 ? last : answerAt)
  const exchange = { title, line: start + 1, directives, method, target, ...asked, captures }
  if (answerAt < 0) return { ...exchange, answer: undefined, answerLines: { from: last, to: last } }
  const status = Number(answerLine.exec(lines[answerAt]!)![1])
  return {
    ...exchange,
    answer: { status, ...readMessage(lines, answerAt + 1, last) },
    answerLines: { from: answerAt, to: last },
  }
}

/** Headers up to an empty line, then the body up to the last line that is not empty. */
function readMessage(lines: readonly string[], from: number, to: number): { headers: Header[]; body: string } {
  const headers: Header[] = []
  let at = from
  for (; at < to && lines[at]!.trim() !== ''; at++) {
    const [, name, value] = headerLine.exec(lines[at]!) ?? []
    if (name === undefined || value === undefined)
      throw new TranscriptError(at + 1, 'a header is expected, or an empty line before the body')
    headers.push({ name, value })
  }
  return { headers, body: lines.slice(at, to).join('\n').trim() }
}

/** An answer as it stands in a transcript. */
export function writeAnswer({ status, headers, body }: ExpectedAnswer): string {
  const head = [`< HTTP ${status}`, ...headers.map(({ name, value }) => `${name}: ${value}`)].join('\n')
  return body === '' ? head : `${head}\n\n${body}`
}

/** The whole text again, with these answers in place of those that stand there. */
export function withAnswers(transcript: Transcript, answers: ReadonlyMap<Exchange, ExpectedAnswer>): string {
  const lines = [...transcript.lines]
  for (const exchange of transcript.exchanges.toReversed()) {
    const answer = answers.get(exchange)
    if (!answer) continue
    const { from, to } = exchange.answerLines
    const text = writeAnswer(answer).split('\n')
    lines.splice(from, to - from, ...(exchange.answer ? text : ['', ...text]))
  }
  return `${lines.join('\n')}\n`
}
