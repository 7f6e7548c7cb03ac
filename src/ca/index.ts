export * from './ca.ts'
export * from './lifecycle.ts'
export * from './store.ts'
export { caProblems } from './problems.ts'
