/** What is the same for all operations of this door: read the parameters, run, write the answer. */
import type { Caller, Operation } from '../../kernel/index.ts'
import type { DoorParts } from '../door.ts'
import type { OperationDeps } from '../operations.ts'
import type { WireObject } from './document.ts'
import { invalidParameter } from './errors.ts'
import type { Parameter, ValuesOf } from './parameters.ts'
import { operationParameters, type RpcRequest } from './read-request.ts'

type DeclaredParameters = Readonly<Record<string, Parameter<unknown>>>

/** An operation of the core in this dialect. */
interface Declaration<Declared extends DeclaredParameters, Input, Resource, Answer> {
  /** In the order in which they are read: the first that is missing or invalid is the one that is told. */
  parameters: Declared
  operation: Operation<Input, Resource, Answer, OperationDeps>
  /** The parameter behind each field of the core's input, for what the core finds wrong with it. */
  fields: Readonly<Record<keyof NoInfer<Input> & string, keyof Declared & string>>
  /** @throws AlibabaWireError */
  input: (values: ValuesOf<Declared>) => NoInfer<Input>
  /** Before the action's name in policies; the code of certificates unless given. */
  ramCode?: string
  /** @param now the domain clock, milliseconds since 1970 */
  members: (answer: Answer, now: number, values: ValuesOf<Declared>) => WireObject
}

interface WireCall {
  runner: DoorParts['runner']
  caller: Caller
  request: RpcRequest
  /** Undeclared parameters are refused. */
  strict: boolean
  /** Of the domain clock, read when the answer is written. */
  now: () => number
}

export interface WireOperation {
  readonly parameters: DeclaredParameters
  readonly fields: Readonly<Record<string, string>>
  readonly ramCode: string
  /** @throws Problem, AlibabaWireError */
  readonly call: (call: WireCall) => Promise<WireObject>
}

export function wireOperation<Declared extends DeclaredParameters, Input, Resource, Answer>({
  parameters,
  operation,
  fields,
  input,
  ramCode = 'yundun-cert',
  members,
}: Declaration<Declared, Input, Resource, Answer>): WireOperation {
  return {
    parameters,
    fields,
    ramCode,
    async call({ runner, caller, request, strict, now }) {
      let values: ValuesOf<Declared> | undefined
      const answer = await runner.run(operation, caller, () => {
        if (strict) refuseUndeclared(parameters, request)
        values = valuesOf(parameters, request)
        return input(values)
      })
      return members(answer, now(), values!)
    },
  }
}

/** Many clients say with every call where they are. */
const always: ReadonlySet<string> = new Set(['RegionId'])

/** The emulator's strict mode. A name of several parts (`Tags.1.Key`) belongs to a list. */
function refuseUndeclared(declared: DeclaredParameters, request: RpcRequest): void {
  for (const name of operationParameters(request).keys()) {
    const [first = ''] = name.split('.', 1)
    const parameter = Object.hasOwn(declared, first) ? declared[first] : undefined
    if (always.has(name) || (parameter && (name === first || parameter.type === 'array'))) continue
    throw invalidParameter(name, 'This action has no such parameter.')
  }
}

/** Undeclared parameters are ignored, as the cloud does it. */
function valuesOf<Declared extends DeclaredParameters>(declared: Declared, request: RpcRequest): ValuesOf<Declared> {
  const values = Object.entries(declared).map(([name, parameter]) => [name, parameter.read(request.parameters, name)])
  return Object.fromEntries(values) as ValuesOf<Declared>
}
