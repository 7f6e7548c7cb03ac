/** Matching of names and resources. No regular expressions: patterns come from outside. */
import type { Grammar } from './policies/policy.ts'

/** Wildcards of a grammar: `*` is any run of characters, also none; `?`, where known, exactly one. */
export interface PatternRules {
  readonly questionMark: boolean
  readonly ignoreCase: boolean
}

const star = 0x2a
const question = 0x3f

/**
 * Does `text` as a whole match `pattern`? Only the last `*` is ever reconsidered: at most text × pattern steps, no
 * recursion, and linear in the text as patterns are bounded. Case is the caller's: lower both sides to ignore it.
 */
export function wildcardMatch(pattern: string, text: string, questionMark: boolean): boolean {
  let p = 0
  let t = 0
  let resumePattern = -1
  let resumeText = 0
  while (t < text.length) {
    const wanted = p < pattern.length ? pattern.charCodeAt(p) : -1
    if (wanted === star) {
      p += 1
      if (p === pattern.length) return true
      resumePattern = p
      resumeText = t
    } else if (questionMark && wanted === question) {
      p += 1
      t += characterAt(text, t)
    } else if (wanted === text.charCodeAt(t)) {
      p += 1
      t += 1
    } else if (resumePattern >= 0) {
      resumeText += characterAt(text, resumeText)
      p = resumePattern
      t = resumeText
    } else {
      return false
    }
  }
  while (p < pattern.length && pattern.charCodeAt(p) === star) p += 1
  return p === pattern.length
}

/** UTF-16 units of the character at `index`: `?` stands for a whole one, also outside the basic plane. */
function characterAt(text: string, index: number): number {
  return (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1
}

/** `*`, and spellings of it over several segments such as `*:*:*`. */
export function isEverything(pattern: string): boolean {
  return pattern.split(':').every((segment) => segment !== '' && isStars(segment))
}

function isStars(segment: string): boolean {
  for (let index = 0; index < segment.length; index += 1) if (segment.charCodeAt(index) !== star) return false
  return true
}

/** One test for a whole list of patterns; plain names cost one look-up, `prefix*` one comparison. */
export interface NameList {
  /** `name` is in lower case when the rules ignore case. */
  has(name: string): boolean
}

export function nameList(patterns: readonly string[], { questionMark, ignoreCase }: PatternRules): NameList {
  if (patterns.some(isEverything)) return { has: () => true }
  const names = new Set<string>()
  const prefixes: string[] = []
  const others: string[] = []
  for (const written of patterns) {
    const pattern = ignoreCase ? written.toLowerCase() : written
    const wild = firstWildcard(pattern, questionMark)
    if (wild < 0) names.add(pattern)
    else if (wild === pattern.length - 1 && pattern.endsWith('*')) prefixes.push(pattern.slice(0, -1))
    else others.push(pattern)
  }
  return {
    has(name) {
      if (names.has(name)) return true
      for (const prefix of prefixes) if (name.startsWith(prefix)) return true
      for (const other of others) if (wildcardMatch(other, name, questionMark)) return true
      return false
    },
  }
}

function firstWildcard(pattern: string, questionMark: boolean): number {
  for (let index = 0; index < pattern.length; index += 1) {
    const unit = pattern.charCodeAt(index)
    if (unit === star || (questionMark && unit === question)) return index
  }
  return -1
}

/** What a request names, in each family's way of writing. */
export interface RequestResource {
  /** `acs:yundun-cert:*:<account>:*` for every call of this service: see `ramResource`. */
  readonly ram: string
  /**
   * Huawei URN, `service:region:account:type:path`; a create call names `…:ca:*`. Absent for operations without a resource
   * type: then only `*` covers them.
   */
  readonly urn?: string | undefined
}

/** RAM authorizes this service by operation only (§2.2): the resource is all of the account. */
export function ramResource(accountId: string): string {
  return `acs:yundun-cert:*:${accountId}:*`
}

/**
 * URN of a private CA (Huawei IAM §3.1); without an id, of one yet to be created. The id is the stored one, not as the
 * caller spelled it: URNs are compared with case.
 */
export function caUrn(domainId: string, caId = '*'): string {
  return `pca::${domainId}:ca:${caId}`
}

/** URN of a certificate in SCM (Huawei IAM §3.1); without an id, of one yet to be created. */
export function certificateUrn(domainId: string, certificateId = '*'): string {
  return `scm::${domainId}:cert:${certificateId}`
}

/** Five segments; the last keeps its colons. */
export type ResourceSegments = readonly [string, string, string, string, string]

/** RAM `acs:service:region:account:relative-id` and Huawei `service:region:account:type:path` alike. */
export function resourceSegments(text: string): ResourceSegments | undefined {
  const [first, second, third, fourth, ...rest] = text.split(':')
  if (first === undefined || second === undefined || third === undefined || fourth === undefined) return undefined
  return rest.length === 0 ? undefined : [first, second, third, fourth, rest.join(':')]
}

/** A request's resource, taken apart when the first statement asks. */
export interface SegmentedResource {
  readonly ram: () => ResourceSegments | undefined
  readonly urn: () => ResourceSegments | undefined
}

export function segmented(resource: RequestResource): SegmentedResource {
  let ram: ResourceSegments | undefined
  let urn: ResourceSegments | undefined
  return {
    ram: () => (ram ??= resourceSegments(resource.ram)),
    urn: () => (resource.urn === undefined ? undefined : (urn ??= resourceSegments(resource.urn))),
  }
}

/** The Resource element of one statement. A pattern that is neither `*` nor five segments covers nothing. */
export function resourceList(
  grammar: Grammar,
  patterns: readonly string[] | undefined,
): ((resource: SegmentedResource) => boolean) | undefined {
  if (!patterns || patterns.some(isEverything)) return undefined
  const wanted = patterns.map(resourceSegments).filter((segments) => segments !== undefined)
  if (grammar === 'ram-1') {
    return (resource) => {
      const named = resource.ram()
      return named !== undefined && wanted.some((pattern) => pattern.every((part, i) => covers(part, named[i], true)))
    }
  }
  return (resource) => {
    const named = resource.urn()
    return (
      named !== undefined &&
      wanted.some((pattern) =>
        pattern.every((part, i) => (i === 1 && isAnyRegion(part, named[i])) || covers(part, named[i], false)),
      )
    )
  }
}

/** PCA and SCM are global: a region may be empty, `*` or concrete on either side and means the same (Huawei IAM §3.1). */
function isAnyRegion(pattern: string, named: string | undefined): boolean {
  return pattern === '' || named === '' || named === '*'
}

/** A `*` in the request stands for "all" or "not yet there", so that only a `*` covers it: `?` or `4c*` are narrower. */
function covers(pattern: string, named: string | undefined, questionMark: boolean): boolean {
  if (named === undefined) return false
  if (isStars(pattern) && pattern !== '') return true
  return named !== '*' && wildcardMatch(pattern, named, questionMark)
}
