export * from './delete-ca.ts'
export * from './jobs.ts'
export * from './restore-ca.ts'
export * from './the-day.ts'
