export * from './runner.ts'
export * from './trusted-clock.ts'
export type * from './store.ts'
