export * from './expiry-notices.ts'
export * from './store.ts'
