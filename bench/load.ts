import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What one run of the load generator measured. */
export interface Measured {
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  requests: number
  /** Answers that were not 2xx, and connections that failed: any of them makes the figure worthless. */
  failures: number
}

export interface Load {
  /** Host and port. */
  address: string
  /** Whole HTTP requests as they go over the wire. One is repeated; several are sent in turn, each once. */
  requests: readonly string[]
  connections: number
  seconds: number
  /** Of the requests' text; latin1 where their bodies are bytes. */
  encoding?: 'utf8' | 'latin1'
  /** Several requests are sent from the start again when they have all been sent. */
  again?: boolean
}

/**
 * wrk from Debian, with requests made and signed beforehand: the load generator spends nothing on signatures. With
 * several requests each is sent once at most; when they run out the run is over and the rest would fail, which is told.
 */
export async function load({
  address,
  requests,
  connections,
  seconds,
  encoding = 'utf8',
  again = false,
}: Load): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'certkeep-bench-'))
  const script = join(folder, 'requests.lua')
  const list = join(folder, 'requests')
  const sized = requests.map((request) => `${Buffer.byteLength(request, encoding)}\n${request}`)
  writeFileSync(list, sized.join(''), encoding)
  writeFileSync(script, lua(list, requests.length === 1, again))
  const output = await run('wrk', [
    ...['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '10s'],
    ...['-s', script, `http://${address}/`],
  ])
  const line = /^RESULT (\S+) (\S+) (\S+) (\S+) (\S+)$/m.exec(output)
  if (!line) throw new Error(`wrk said nothing to go by: ${output}`)
  const [total, micros, p50, p99, failures] = line.slice(1).map(Number)
  return {
    requestsPerSecond: total! / (micros! / 1e6),
    p50Ms: p50! / 1e3,
    p99Ms: p99! / 1e3,
    requests: total!,
    failures: failures!,
  }
}

const longestWarmingMs = 60_000

/**
 * Until so many calls have been answered: a service that has run for an hour has compiled what it does most, and that, not its
 * first seconds, is measured. Or for a minute, where the machine is that slow.
 */
export async function warm(run: () => Promise<Measured>, answers: number): Promise<void> {
  const until = performance.now() + longestWarmingMs
  for (let answered = 0; answered < answers && performance.now() < until;) answered += (await run()).requests
}

const lua = (list: string, single: boolean, again: boolean): string => `
local requests = {}
local at = 0
init = function()
  local file = io.open(${JSON.stringify(list)}, "rb")
  while true do
    local size = file:read("*l")
    if size == nil then break end
    requests[#requests + 1] = file:read(tonumber(size))
  end
  file:close()
end
${
  single
    ? 'request = function() return requests[1] end'
    : again
      ? 'request = function() at = at % #requests + 1; return requests[at] end'
      : 'request = function() at = at + 1; return requests[at] or requests[#requests] end'
}
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format("\\nRESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
`

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('error', reject)
    child.once('exit', (code) => (code === 0 ? resolve(output) : reject(new Error(`${command} ended with ${code}`))))
  })
}

/** A whole request as text. */
export function request(method: string, target: string, headers: Record<string, string>, body = ''): string {
  const lines = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)) })
  return `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}
