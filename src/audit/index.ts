export * from './list-audit-entries.ts'
export * from './store.ts'
export * from './trail.ts'
