import { useKinds, type UseMark, type UseMarks, type UseSources, type Watching } from '../use-marks/index.ts'

/** `safe`: nothing is left that could be missed. `inUse`: somebody was seen using it. `unknown`: nobody was, which proves little. */
export type Verdict = 'safe' | 'inUse' | 'unknown'

/** Who used it lately. */
export interface Evidence {
  /** `issue`: the CA issued. */
  source: UseMark['kind'] | 'issue'
  lastAt: number
  ageMs: number
  /** null: only the last time is kept. */
  count: number | null
}

export interface WatchNeeds {
  useMarks: Pick<UseMarks, 'of'>
  useSources: UseSources
}

export interface Source {
  source: UseMark['kind']
  watching: Watching
}

/** @param silent those that can say nothing of this object, whatever is composed in */
export const sourcesOf = (useSources: UseSources, silent: readonly UseMark['kind'][]): Source[] =>
  useKinds.map((source) => ({ source, watching: silent.includes(source) ? 'off' : useSources[source] }))

/** The newest first. */
export const evidenceOf = (marks: readonly UseMark[], now: number): Evidence[] =>
  marks
    .map(({ kind, lastAt, count }) => ({ source: kind, lastAt, ageMs: now - lastAt, count }))
    .toSorted((one, other) => other.lastAt - one.lastAt)

/** @param nothingLeft why nothing can be missed, if nothing can */
export function verdictOf(
  nothingLeft: string | undefined,
  evidence: readonly Evidence[],
  sources: readonly Source[],
): { verdict: Verdict; reasons: string[] } {
  if (nothingLeft !== undefined) return { verdict: 'safe', reasons: [nothingLeft] }
  if (evidence.length > 0)
    return { verdict: 'inUse', reasons: evidence.map(({ source }) => `it was used lately: ${wordsOfUse[source]}`) }
  const blind = sources.filter(({ watching }) => watching !== 'watched')
  return {
    verdict: 'unknown',
    reasons: [
      'nobody was seen using it',
      ...blind.map(({ source, watching }) => silence[watching](wordsOfUse[source])),
    ],
  }
}

export const wordsOfUse: Readonly<Record<Evidence['source'], string>> = {
  crl: 'its CRL was fetched',
  ocsp: 'its status was asked for',
  export: 'it was given out',
  download: 'its certificate was downloaded',
  issue: 'it issued',
}

const silence: Readonly<Record<Watching, (what: string) => string>> = {
  watched: (what) => what,
  cached: (what) => `“${what}” may have gone to a cache instead`,
  off: (what) => `“${what}” cannot be seen here`,
}
