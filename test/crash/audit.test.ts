import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { sequencerSteps } from '../../src/audit/index.ts'
import { verifiedLog } from '../support/audit-log.ts'
import { own } from '../support/client.ts'
import { startService, temporaryFolder, type Service } from '../support/service.ts'

const rounds = Number(process.env['CERTKEEP_TEST_CRASH_ROUNDS'] ?? 4)

/** Users until it ends: each a commit with an entry. */
async function createUsers({ url, credentials }: Service, prefix: string, acknowledged: Set<string>): Promise<void> {
  const client = async (number: number) => {
    for (let turn = 0; ; turn++) {
      const userName = `${prefix}c${number}t${turn}`
      await own(url, credentials, 'CreateUser', { userName })
      acknowledged.add(userName)
    }
  }
  await Promise.all(Array.from({ length: 6 }, (_, number) => client(number).catch(() => undefined)))
}

test('kill -9 while entries are numbered, at each step and at random: none is lost, doubled or left without a number, and every checkpoint holds', async () => {
  const dataFolder = temporaryFolder()
  const acknowledged = new Set<string>()
  const pinned: string[] = []
  const ends = [...sequencerSteps, ...Array.from({ length: Math.ceil(rounds / 2) }, () => undefined)]
  for (const [round, step] of ends.entries()) {
    const environment = step === undefined ? {} : { CERTKEEP_EMULATOR_KILL_AT: step }
    await using service = await startService({ dataFolder, keep: true, environment })
    const working = createUsers(service, `r${round}`, acknowledged)
    if (step === undefined) {
      await sleep(300 + Math.floor(Math.random() * 900))
      const response = await fetch(`${service.url}/audit/checkpoint`)
      if (response.status === 200) pinned.push(await response.text())
      await service.kill()
    } else {
      expect(await service.ended).toMatchObject({ signal: 'SIGKILL' })
    }
    await working
  }
  expect(acknowledged.size).toBeGreaterThan(20)
  await using service = await startService({ dataFolder })
  const { findings, entries, size } = await verifiedLog(service, pinned)
  expect(findings).toEqual([])
  expect(entries).toHaveLength(size)
  const made = entries.flatMap(({ fields }) =>
    fields['operation']![0] === 'CreateUser' && fields['outcome']![0] === 'done'
      ? [(JSON.parse(fields['facts']![0]!) as { userName: string }).userName]
      : [],
  )
  expect(made).toHaveLength(new Set(made).size)
  expect([...acknowledged].filter((userName) => !made.includes(userName))).toEqual([])
}, 180_000)
