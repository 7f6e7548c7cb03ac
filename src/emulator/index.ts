export * from './door.ts'
export * from './root-marker.ts'
