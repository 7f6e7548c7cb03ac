export * from './config.ts'
export type { MirrorConfig } from './mirror.ts'
