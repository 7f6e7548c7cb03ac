import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startService, type Service } from '../support/service.ts'
import {
  parseTranscript,
  withAnswers,
  writeAnswer,
  type Exchange,
  type ExpectedAnswer,
  type Transcript,
} from '../support/transcripts/format.ts'
import { Play } from '../support/transcripts/play.ts'
import type { Proof } from '../support/transcripts/send.ts'
import { isMissing } from '../support/tools.ts'

/** Design 10.3: per operation and dialect, the request, its answer and each refusal. How to read them: README.md. */
const here = dirname(fileURLToPath(import.meta.url))
const records = process.env['CERTKEEP_TRANSCRIPTS'] === 'record'

/** How each door's callers sign when a transcript says nothing else. */
const doors: Readonly<Record<string, Proof>> = {
  huawei: 'ak-sk',
  alibaba: 'acs3',
  own: 'ak-sk',
  pki: 'nothing',
  emulator: 'nothing',
}

/** Doors whose transcripts share a service. The emulator's come last: they leave the clock far ahead. */
const services = [['huawei'], ['alibaba'], ['own', 'pki', 'emulator']] as const

/** Where the domain clock stands when the first transcript begins: ahead of the clock by which openssl makes certificates. */
const dayOne = '2041-01-01T00:00:00Z'

const filesOf = (door: string): string[] =>
  readdirSync(join(here, door))
    .filter((name) => name.endsWith('.http'))
    .toSorted()

function read(path: string): Transcript {
  try {
    return parseTranscript(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Error(`${path}: ${String(error)}`, { cause: error })
  }
}

// They carry certificates made with OpenSSL on from one exchange to the next.
describe.skipIf(isMissing('openssl')).each(services.map((each) => [each.join(', '), each] as const))(
  '%s',
  (_, names) => {
    let service: Service
    beforeAll(async () => {
      service = await startService()
      const body = JSON.stringify({ set: dayOne, frozen: true })
      await fetch(`${service.url}/emulator/clock`, { method: 'POST', body })
    })
    afterAll(() => service[Symbol.asyncDispose]())

    const files = names.flatMap((door) => filesOf(door).map((name) => [`${door}/${name}`, door] as const))
    describe.each(files)('%s', (path, door) => {
      const transcript = read(join(here, path))
      let play: Play
      beforeAll(async () => {
        play = new Play({ service, name: basename(path, '.http'), transcript, proof: doors[door]! })
        await play.prepare()
      })
      const recorded = new Map<Exchange, ExpectedAnswer>()
      afterAll(() => {
        if (recorded.size > 0) writeFileSync(join(here, path), withAnswers(transcript, recorded))
      })

      for (const exchange of transcript.exchanges)
        test(`${exchange.title} (line ${exchange.line})`, async () => {
          const { told, expected } = await play.play(exchange)
          const [answer, written] = [writeAnswer(told), expected && writeAnswer(expected)]
          if (records && answer !== written) recorded.set(exchange, told)
          else expect(answer).toBe(written)
        })
    })
  },
)
