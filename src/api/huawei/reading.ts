import { AsyncLocalStorage } from 'node:async_hooks'

type Place = 'body' | 'query'

/** What one call has looked at of its body and query, for the emulator's strict mode (strict.ts). Elsewhere nothing is noted. */
export class Reading {
  /** Each object that was read, with the names that were looked for in it, there or not. */
  readonly objects = new Map<object, { place: Place; prefix: string; names: Set<string> }>()

  note(source: object, place: Place, prefix: string, names: readonly string[]): void {
    const known = this.objects.get(source) ?? { place, prefix, names: new Set() }
    for (const name of names) known.names.add(name)
    this.objects.set(source, known)
  }

  has(place: Place): boolean {
    return this.objects.values().some((object) => object.place === place)
  }
}

const readings = new AsyncLocalStorage<Reading>()

/** All that `act` reads, now and later, is noted in `reading`. */
export const whileReading = <T>(reading: Reading, act: () => T): T => readings.run(reading, act)

/** A body or query was taken apart. */
export function noteSource(source: object, place: Place): void {
  readings.getStore()?.note(source, place, '', [])
}

/** Names that mean something here, whether or not their values are looked at. @param prefix of nested names, with its dot */
export function noteNames(source: object, names: readonly string[], prefix = ''): void {
  readings.getStore()?.note(source, 'body', prefix, names)
}
