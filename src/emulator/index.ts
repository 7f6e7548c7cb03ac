export { BadRequest } from './bad-request.ts'
export * from './door.ts'
export { callsLeft, Faults, setFault, type Fault, type SetFault } from './faults.ts'
export * from './root-marker.ts'
