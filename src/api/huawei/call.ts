import type { IamStore, Principal, TokenNeeds } from '../../iam/index.ts'
import type { Operation } from '../../kernel/index.ts'
import type { DoorParts } from '../door.ts'
import type { OperationDeps } from '../operations.ts'
import type { HuaweiRequest } from './request.ts'

/** What this door is built from. It has no nonces: its wire knows none (docs/divergences/huawei.md). */
export type HuaweiDoorParts = Omit<DoorParts, 'nonces'> & {
  iam: Pick<IamStore, 'account'>
  tokens: TokenNeeds
  /** Where CRLs are published, for `crl_dis_point`; undefined while the service has no public URL. */
  publication: OperationDeps['publication']
}

/** One request on its way to an answer. */
export interface Call {
  parts: HuaweiDoorParts
  request: HuaweiRequest
  /** From the path; empty where the path has none. Not yet looked at. */
  id: string
  /** Of the connection, for the operation's caller. */
  origin: { sourceIp: string; secureTransport: boolean; door: string; requestId: string }
}

/** A request of somebody who is known. */
export interface AuthenticatedCall extends Call {
  principal: Principal
  /** Runs an operation of the core for this caller: too fast, well formed, may, do (design 4). */
  run: <Input, Resource, Answer>(
    operation: Operation<Input, Resource, Answer, OperationDeps>,
    readInput: () => Input,
  ) => Promise<Answer>
}

/** An answer of success, without the headers that every answer has. */
export interface Success {
  status: number
  headers?: Readonly<Record<string, string>>
  /** JSON if an object, else bytes as they are; nothing for 204. */
  body?: object | Uint8Array
}

export type Handler = (call: AuthenticatedCall) => Promise<Success>

export const ok = (body: object): Success => ({ status: 200, body })

export const noContent: Success = { status: 204 }
