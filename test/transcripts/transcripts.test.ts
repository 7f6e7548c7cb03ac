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

/** Where the domain clock stands when the first transcript begins. */
const dayOne = '2030-01-01T00:00:00Z'

const files = Object.keys(doors).flatMap((door) =>
  readdirSync(join(here, door))
    .filter((name) => name.endsWith('.http'))
    .map((name) => join(here, door, name)),
)

function read(path: string): Transcript {
  try {
    return parseTranscript(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Error(`${path}: ${String(error)}`, { cause: error })
  }
}

describe.each(Object.entries(doors).filter(([door]) => files.some((path) => basename(dirname(path)) === door)))('%s', (door, proof) => {
  let service: Service
  beforeAll(async () => {
    service = await startService()
    await fetch(`${service.url}/emulator/clock`, {
      method: 'POST',
      body: JSON.stringify({ set: dayOne, frozen: true }),
    })
  })
  afterAll(() => service[Symbol.asyncDispose]())

  describe.each(files.filter((path) => basename(dirname(path)) === door))('%s', (path) => {
    const transcript = read(path)
    const name = basename(path, '.http')
    let play: Play
    beforeAll(async () => {
      play = new Play({ service, name, transcript, proof })
      await play.prepare()
    })
    const recorded = new Map<Exchange, ExpectedAnswer>()
    afterAll(() => {
      if (recorded.size > 0) writeFileSync(path, withAnswers(transcript, recorded))
    })

    for (const exchange of transcript.exchanges)
      test(`${exchange.title} (line ${exchange.line})`, async () => {
        const { told, expected } = await play.play(exchange)
        const [answer, written] = [writeAnswer(told), expected && writeAnswer(expected)]
        if (records && answer !== written) recorded.set(exchange, told)
        else expect(answer).toBe(written)
      })
  })
})
