const maxNameLength = 100
const maxSuggestions = 3

/** The known names that somebody who wrote `name` may have meant, the likeliest first; none when all are far off. */
export function nearest(name: string, known: readonly string[]): string[] {
  const written = name.slice(0, maxNameLength).toLowerCase()
  const mayDiffer = Math.max(1, Math.floor(written.length / 3))
  return known
    .map((candidate) => ({ candidate, edits: edits(written, candidate.toLowerCase()) }))
    .filter(({ edits: count }) => count <= mayDiffer)
    .toSorted((a, b) => a.edits - b.edits || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, maxSuggestions)
    .map(({ candidate }) => candidate)
}

/** Levenshtein's distance, one row of its table at a time. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    row = next
  }
  return row[b.length]!
}
