import { operations, type OperationName } from '../../src/api/index.ts'
import type { Core } from '../support/core.ts'

/** What a test says of an operation's input; it is checked by the operation itself. */
type Input = Record<string, unknown>

/**
 * Operations by name, with inputs as they come over the wire.
 * @param who the administrator unless given
 */
// oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of an answer is in its assertions
export type Act = (operation: OperationName, input?: Input, who?: { accessKeyId: string }) => Promise<any>

export const actorIn =
  (core: Core): Act =>
  (operation, input = {}, who = core.administrator) =>
    core.call(who, operations[operation] as never, input as never)

/** A policy of RAM's that allows this. */
export const allowing = (action: string | readonly string[], more: object = {}) => ({
  Version: '1',
  Statement: [{ Effect: 'Allow', Action: action, Resource: '*', ...more }],
})

export const denying = (action: string | readonly string[], more: object = {}) => ({
  Version: '1',
  Statement: [{ Effect: 'Deny', Action: action, Resource: '*', ...more }],
})

/** Who may take a role. */
export const trusting = (...principals: string[]): string =>
  JSON.stringify({
    Version: '1',
    Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: principals } }],
  })
