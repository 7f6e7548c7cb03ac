import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operations } from '../../src/api/index.ts'
import { startService, type Service } from '../support/service.ts'
import { shellOf } from './run.ts'

let service: Service
let cli: ReturnType<typeof shellOf>
beforeAll(async () => {
  service = await startService({ workers: 1 })
  cli = shellOf(service)
})
afterAll(() => service[Symbol.asyncDispose]())

const names = Object.keys(operations)
const root = { type: 'root', subject: { commonName: 'Called' }, keyAlgorithm: 'p256', signatureHash: 'sha256' }

describe('certkeep call', () => {
  test('lists every operation of the table with what it does, also in its help', async () => {
    const listed = await cli.json(['call'])
    expect(listed.map(({ name }: { name: string }) => name)).toEqual(names)
    const [text, help, topic] = [
      await cli.text(['call']),
      await cli.text(['call', '--help']),
      await cli.text(['help', 'call']),
    ]
    for (const [name, { summary }] of Object.entries(operations))
      for (const shown of [text, help, topic])
        expect(
          shown.split('\n').filter((line) => line.trim().startsWith(`${name} `) && line.endsWith(summary)),
        ).toHaveLength(1)
  })

  test('input from standard input, from a file, and member by member', async () => {
    const validity = { unit: 'year', amount: 1 }
    const { caId } = await cli.json(['call', 'CreateCa', '--input', '-'], {
      input: JSON.stringify({ ...root, validity }),
    })
    await writeFile(cli.at('input.json'), JSON.stringify(root))
    const set = ['--set', 'validity.unit=day', '--set', 'validity.amount=30', '--set', 'subject.commonName=123']
    const second = await cli.json(['call', 'CreateCa', '--input', cli.at('input.json'), ...set])
    const shown = await cli.json(['call', 'ShowCa', '--set', `caId=${second.caId}`])
    expect(shown.ca.subject).toEqual({ commonName: '123' })
    expect(await cli.text(['call', 'ShowCa', '--set', `caId=${caId}`])).toMatch(/^ {4}commonName {2}Called$/m)
    expect(await cli.text(['call', 'UntagCa', '--set', `caId=${caId}`, '--set', 'keys=["a"]'])).toBe('Done.\n')
    expect(await cli.text(['call', 'ListUsers'])).toMatch(/\badmin\b/)
  })

  test('--describe shows what it takes, and calls nothing', async () => {
    expect(await cli.text(['call', 'DeleteCa', '--describe'])).toMatch(/^keepDays +integer +required$/m)
    expect(await cli.json(['call', 'DeleteCa', '--describe'])).toMatchObject({
      access: 'write',
      input: { type: 'object' },
    })
    expect(await cli.text(['call', 'ConfirmTime', '--describe'])).toContain('takes no input')
  })

  test('an unknown name gets the nearest', async () => {
    const ran = await cli.run(['call', 'ShowCas'])
    expect(ran).toMatchObject({ code: 2, out: '' })
    expect(ran.err).toContain('is ShowCa meant?')
    expect(await cli.run(['call', 'toString'])).toMatchObject({ code: 2 })
  })

  test('a secret is taken from a file or standard input, never from the command line', async () => {
    const args = ['call', 'CreateUser', '--set', 'userName=eve', '--set']
    const refused = await cli.run([...args, 'password=hunter2hunter2'])
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).not.toContain('hunter2')
    expect(await cli.json([...args, 'password=@-'], { input: 'hunter2hunter2' })).toMatchObject({ userName: 'eve' })
  })

  test('what the service refuses, and what is no input', async () => {
    const ran = await cli.run(['call', 'DeleteCa', '--set', 'keepDays=soon', '-o', 'json'])
    expect(JSON.parse(ran.err)).toMatchObject({ error: { code: 'InputInvalid' }, exitCode: 1 })
    expect(await cli.run(['call', 'ShowCa', '--input', '-'], { input: '[1]' })).toMatchObject({ code: 2 })
    expect(await cli.run(['call', 'ShowCa', '--input', '-'], { input: '{"a":' })).toMatchObject({ code: 2 })
    expect(await cli.run(['call', 'ShowCa', '--set', 'caId'])).toMatchObject({ code: 2 })
    expect(await cli.run(['call', 'ShowCa', '--set', '__proto__.x=1'])).toMatchObject({ code: 1 })
    expect(({} as { x?: number }).x).toBeUndefined()
  })

  test('big numbers go as text', async () => {
    const args = ['call', 'ShowRepositoryCertificate', '--set', 'withMaterial=false', '--set']
    expect(await cli.run([...args, 'number=9007199254740993'])).toMatchObject({ code: 5 })
    expect(await cli.run([...args, 'number=-1'])).toMatchObject({ code: 1 })
  })
})
