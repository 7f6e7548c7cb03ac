import { percentEncoded } from '../client.ts'
import type { Service } from '../service.ts'
import { Cast, roles, type Role } from './cast.ts'
import { captured, headerOf, told, type ReceivedAnswer } from './compare.ts'
import type { Directive, Exchange, ExpectedAnswer, Transcript } from './format.ts'
import { TranscriptError } from './format.ts'
import { take, type Stage } from './givens.ts'
import { fillIn, type Known } from './placeholders.ts'
import { proofs, send, signed, type Asked, type Proof } from './send.ts'

/** What the directives of an exchange, or of the whole file, say about its request. */
interface Manner {
  role: Role
  proof: Proof | undefined
  /** Of the signature, ms from now. */
  signedAt: number
  wrongSecret: boolean
  without: readonly string[]
  unsigned: readonly string[]
  onTheWay: readonly { from: string; to: string }[]
  /** How many are sent at the same moment. */
  times: number
}

const usualManner: Manner = {
  role: 'admin',
  proof: undefined,
  signedAt: 0,
  wrongSecret: false,
  without: [],
  unsigned: [],
  onTheWay: [],
  times: 1,
}

/** What is said of a request, beside steps and the clock. */
const manners: readonly (readonly [RegExp, (said: readonly string[], manner: Manner) => Partial<Manner>])[] = [
  [/^as (.+)$/, ([role]) => ({ role: oneOf(roles, role!) })],
  [/^with (.+)$/, ([proof]) => ({ proof: oneOf(proofs, proof!) })],
  [/^signed with a wrong secret$/, () => ({ wrongSecret: true })],
  [/^signed at (\S+)$/, ([at]) => ({ signedAt: duration(at!) })],
  [/^signed without (\S+)$/, ([name], { without }) => ({ without: [...without, name!] })],
  [/^not signed: (\S+)$/, ([name], { unsigned }) => ({ unsigned: [...unsigned, name!] })],
  [
    /^on the way: (.+) becomes (.*)$/,
    ([from, to], { onTheWay }) => ({ onTheWay: [...onTheWay, { from: from!, to: to! }] }),
  ],
  [/^sent (\d+) times at once$/, ([times]) => ({ times: Number(times) })],
]

export interface PlayOptions {
  service: Pick<Service, 'url' | 'endpoint'>
  /** Of the transcript: its accounts are named after it. */
  name: string
  transcript: Transcript
  /** How this dialect signs when nothing else is said. */
  proof: Proof
}

/** One transcript on a running service, whose domain clock stands still but for what the transcript says. */
export class Play {
  private readonly options: PlayOptions
  private readonly variables = new Map<string, string | number>()
  private manner = usualManner
  private now = 0
  /** Where the domain clock stood earlier in this transcript. */
  private readonly instants: number[] = []
  private stage: Stage | undefined

  constructor(options: PlayOptions) {
    this.options = options
  }

  /** Makes the people, and takes the steps that stand before the first exchange. */
  async prepare(): Promise<void> {
    const { service, name, transcript } = this.options
    const cast = await Cast.assemble(service, name, transcript.lines.join('\n'))
    for (const [variable, value] of cast.variables()) this.variables.set(variable, value)
    this.variables.set('url', service.url)
    this.variables.set('endpoint', service.endpoint)
    this.stage = { cast, variables: this.variables, moveClock: (by) => this.moveClock(by) }
    await this.moveClock('+0s')
    this.manner = await this.obey(transcript.directives, usualManner)
  }

  /** @returns the answer as the transcript writes it, and as it is written there */
  async play(exchange: Exchange): Promise<{ told: ExpectedAnswer; expected: ExpectedAnswer | undefined }> {
    const manner = await this.obey(exchange.directives, this.manner)
    await this.readClock()
    const received = await this.answerTo(exchange, manner)
    const known: Known = {
      now: this.now,
      earlier: this.earlier(),
      variables: this.variables,
      asked: askedText(exchange),
    }
    const compared = told(received, exchange.answer, known)
    for (const { name, from } of exchange.captures)
      if (received.status < 400) this.variables.set(name, captured(received, from))
    return compared
  }

  private async obey(directives: readonly Directive[], usual: Manner): Promise<Manner> {
    let manner = usual
    for (const { line, text } of directives)
      try {
        manner = { ...manner, ...(await this.obeyOne(text, manner)) }
      } catch (error) {
        throw new TranscriptError(line, error instanceof Error ? error.message : String(error))
      }
    return manner
  }

  private async obeyOne(text: string, manner: Manner): Promise<Partial<Manner>> {
    const [, step] = /^given (.+)$/.exec(text) ?? []
    if (step !== undefined) await take(this.stage!, fillIn(step, this.variables))
    const [, by] = /^clock (.+)$/.exec(text) ?? []
    if (by !== undefined) await this.moveClock(by)
    if (step !== undefined || by !== undefined || text.startsWith('operation ')) return {}
    for (const [pattern, say] of manners) {
      const found = pattern.exec(text)
      if (found)
        return say(
          found.slice(1).map((group) => fillIn(group, this.variables)),
          manner,
        )
    }
    throw new Error(`the directive "# ${text}" is not known; comments begin with //`)
  }

  private async moveClock(by: string): Promise<void> {
    const body = JSON.stringify({ advance_seconds: duration(by) / 1_000 })
    await this.readClock({ method: 'POST', body })
  }

  private async readClock(change?: { method: 'POST'; body: string }): Promise<void> {
    const response = await fetch(`${this.options.service.url}/emulator/clock`, change)
    const { now_ms: now } = (await response.json()) as { now_ms?: number }
    if (now === undefined) throw new Error('the clock was not read')
    if (this.now !== 0 && this.now !== now) this.instants.push(this.now)
    this.now = now
  }

  private earlier(): Known['earlier'] {
    return [...new Set(this.instants)].map((at) => ({ text: `now-${durationText(this.now - at)}`, at }))
  }

  private async answerTo(exchange: Exchange, manner: Manner): Promise<ReceivedAnswer> {
    const { url } = this.options.service
    if (manner.times > 1) {
      const requests = await Promise.all(Array.from({ length: manner.times }, () => this.request(exchange, manner)))
      const answers = await Promise.all(requests.map((request) => send(url, request)))
      return answers.find((answer) => retryAfter(answer) !== undefined) ?? answers[0]!
    }
    for (;;) {
      const answer = await send(url, await this.request(exchange, manner))
      // Transcripts are not about how fast they are read out.
      const wait = retryAfter(answer)
      if (wait === undefined) return answer
      await new Promise((resolve) => setTimeout(resolve, Math.min(wait, 1_100)))
    }
  }

  private async request(exchange: Exchange, manner: Manner): Promise<Asked> {
    const { cast } = this.stage!
    const { role, wrongSecret, signedAt, without, unsigned, onTheWay } = manner
    const proof = role === 'nobody' ? 'nothing' : (manner.proof ?? this.options.proof)
    const signs = role !== 'nobody' && proof !== 'token' && proof !== 'nothing'
    const caller = signs ? { ...cast.caller(role), ...(wrongSecret ? { accessKeySecret: 'wrong' } : {}) } : undefined
    return signed(this.filledIn(exchange), this.options.service.endpoint, {
      proof,
      caller,
      token: proof === 'token' ? await cast.token(role) : undefined,
      at: new Date(Date.now() + signedAt),
      without,
      unsigned,
      onTheWay,
    })
  }

  /** Values are escaped as the place they go to wants it. */
  private filledIn({ method, target, headers, body }: Exchange): Asked {
    const isJson = /^[[{]/.test(body)
    const inJson = (value: string): string => JSON.stringify(value).slice(1, -1)
    const oneLine = isJson ? body : body.replace(/\n\s*(?=&)/g, '')
    return {
      method,
      target: fillIn(target, this.variables, percentEncoded),
      headers: headers.map(({ name, value }) => ({ name, value: fillIn(value, this.variables) })),
      body: fillIn(oneLine, this.variables, isJson ? inJson : percentEncoded),
    }
  }
}

const askedText = ({ target, headers, body }: Exchange): string =>
  [target, ...headers.map(({ value }) => value), body].join('\n')

function oneOf<Word extends string>(words: readonly Word[], text: string): Word {
  const word = words.find((each) => each === text)
  if (word === undefined) throw new Error(`"${text}" is none of ${words.join(', ')}`)
  return word
}

const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 }

function duration(text: string): number {
  const [, sign, amount, unit] = /^([+-])(\d+)([dhms])$/.exec(text) ?? []
  if (amount === undefined || unit === undefined) throw new Error(`"${text}" is no duration: +8d, -16m`)
  return (sign === '-' ? -1 : 1) * Number(amount) * unitMs[unit]!
}

function durationText(ms: number): string {
  const [unit, size] = Object.entries(unitMs).find(([, each]) => ms % each === 0)!
  return `${ms / size}${unit}`
}

/** How long a caller who was too fast is told to wait, ms; undefined when it was not too fast. */
function retryAfter(answer: ReceivedAnswer): number | undefined {
  if (answer.status === 429) return Number(headerOf(answer, 'retry-after') ?? 1) * 1_000
  const waiting = headerOf(answer, 'x-acs-retry-after')
  return waiting === undefined ? undefined : Number(waiting)
}
