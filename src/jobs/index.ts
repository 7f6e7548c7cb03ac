export * from './runner.ts'
export type * from './store.ts'
