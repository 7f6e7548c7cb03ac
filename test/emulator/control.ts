import type { Service } from '../support/service.ts'

/** A control call of the emulator: what it answers, as JSON. */
export async function control(
  { url }: Pick<Service, 'url'>,
  method: string,
  path: string,
  body?: unknown,
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of an answer is in its assertions
): Promise<{ status: number; body: any }> {
  const response = await fetch(`${url}/emulator/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: await response.json() }
}
