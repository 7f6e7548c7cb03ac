import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Question, Verdict, Verifier } from './suite.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** A verifier that is a program of ours: a question per line in, an answer per line out, in order. */
export function openProgram(program: string, args: readonly string[]): Verifier {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.once('error', (error) => (said += error.message))
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = []
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line))
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      for (const { reject } of waiting.splice(0)) reject(new Error(`${program} ended: ${said}`))
      resolve()
    }),
  )
  return {
    async verify({ certificate, chain, roots, crls, at }: Question): Promise<Verdict> {
      const answer = new Promise<string>((resolve, reject) => waiting.push({ resolve, reject }))
      child.stdin.write(`${[String(at), ...[roots, chain, crls, certificate].map(base64)].join('\t')}\n`)
      const line = await answer
      return { accepted: line === 'accepted', said: line }
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await ended
    },
  }
}
