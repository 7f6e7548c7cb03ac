import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { wireOperations } from '../../src/api/alibaba/wire-operations.ts'
import { handlers } from '../../src/api/huawei/door.ts'
import { route } from '../../src/api/huawei/routes.ts'
import { parseTranscript, type Exchange } from '../support/transcripts/format.ts'

const here = dirname(fileURLToPath(import.meta.url))

/** Which operation an exchange asks for, by the vendor's name. */
const operationOf: Readonly<Record<string, (exchange: Exchange) => string | undefined>> = {
  huawei({ method, target }) {
    const found = route(method, target.split('?', 1)[0]!)
    return found.kind === 'found' ? found.name : undefined
  },
  alibaba({ target, headers, body }) {
    const header = headers.find(({ name }) => name === 'x-acs-action')?.value
    return header ?? /(?:^|[?&])Action=(\w+)/.exec(`${target}&${body}`)?.[1]
  },
}

/** The answers to each operation in the files that say they are about it (`# operation Name`). */
function answered(door: string): Map<string, number[]> {
  const statuses = new Map<string, number[]>()
  for (const file of readdirSync(join(here, door)).filter((name) => name.endsWith('.http'))) {
    const { directives, exchanges } = parseTranscript(readFileSync(join(here, door, file), 'utf8'))
    for (const { text } of directives) {
      const [, operation] = /^operation (\S+)$/.exec(text) ?? []
      if (operation === undefined) continue
      const own = exchanges.filter((exchange) => operationOf[door]!(exchange) === operation)
      statuses.set(operation, [...(statuses.get(operation) ?? []), ...own.map(({ answer }) => answer?.status ?? 0)])
    }
  }
  return statuses
}

/** Temporary keys: what they answer and refuse is in src/api/{alibaba,huawei} and test/iam-system, where a role can be made first. */
const elsewhere = ['CreateTemporaryAccessKey', 'AssumeRole', 'GetCallerIdentity']

/** The one operation of Huawei's that is served before anybody is known is no handler. */
const served = {
  huawei: ['KeystoneCreateUserTokenByPassword', ...Object.keys(handlers)],
  alibaba: Object.values(wireOperations).flatMap((actions) => Object.keys(actions)),
}

describe.each(Object.entries(served))('the transcripts of the %s door', (door, operations) => {
  const statuses = answered(door)

  test.each(operations.filter((name) => !elsewhere.includes(name)))(
    '%s has one, with a success and a refusal',
    (operation) => {
      const answers = statuses.get(operation) ?? []
      expect(answers.some((status) => status >= 200 && status < 300)).toBe(true)
      expect(answers.some((status) => status >= 400)).toBe(true)
    },
  )

  test('are about operations that it serves', () => {
    expect([...statuses.keys()].filter((operation) => !operations.includes(operation))).toEqual([])
  })
})
