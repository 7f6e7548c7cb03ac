import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { exitCodeTexts } from '../../src/cli/exit-codes.ts'
import { run } from './run.ts'

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')

/** Names of the commands that a help text lists. */
const commandsIn = (help: string): string[] =>
  [...(help.split('\nCommands:\n')[1] ?? '').matchAll(/^ {2}(\S+)/gm)]
    .map(([, name]) => name!)
    .filter((name) => name !== 'help')

/** Every command with its words, groups left out. */
async function leaves(words: readonly string[] = []): Promise<string[][]> {
  const { out } = await run(['help', ...words])
  const names = commandsIn(out)
  if (names.length === 0) return [[...words]]
  return (await Promise.all(names.map((name) => leaves([...words, name])))).flat()
}

describe('help', () => {
  test('the whole of it is as it was, but for the operations, which come from their table', async () => {
    const texts = await Promise.all(
      [[], ...(await leaves())].map(async (words) => {
        const { code, out, err } = await run(['help', ...words])
        expect({ words, code, err }).toEqual({ words, code: 0, err: '' })
        return `$ certkeep help ${words.join(' ')}`.trimEnd() + `\n${out.split('\nOperations:\n')[0]}`
      }),
    )
    await expect(texts.join('\n')).toMatchFileSnapshot('help.txt')
  })

  test('--help says the same', async () => {
    expect((await run(['ca', 'delete', '--help'])).out).toBe((await run(['help', 'ca', 'delete'])).out)
  })

  test('exit-codes', async () => {
    const { code, out } = await run(['help', 'exit-codes'])
    expect(code).toBe(0)
    for (const [number, text] of Object.entries(exitCodeTexts)) expect(out).toContain(`  ${number}  ${text}\n`)
  })

  test('of what is not there', async () => {
    expect(await run(['help', 'frobnicate'])).toMatchObject({ code: 2, out: '' })
    expect(await run(['help', 'ca', 'frobnicate'])).toMatchObject({ code: 2, out: '' })
  })

  test('without a command: the help, and exit code 2', async () => {
    const { code, out, err } = await run([])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toBe((await run(['help'])).out)
  })
})

describe('docs/cli.md', () => {
  test('names every command, and none that is not there', async () => {
    const known = (await leaves()).map((words) => words.join(' '))
    const named = [...page.matchAll(/^\| `([a-z-]+(?: [a-z-]+)*)/gm)].map(([, words]) => words!)
    expect(named.toSorted()).toEqual(known.toSorted())
  })

  test('has the exit codes in the words of the program', () => {
    for (const [number, text] of Object.entries(exitCodeTexts)) expect(page).toContain(`| ${number} | ${text} |`)
  })
})
