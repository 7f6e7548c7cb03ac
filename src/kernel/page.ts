/** A page by position, as both clouds' older lists ask for it. */
export interface PageRequest {
  /** Rows to skip. */
  offset: number
  /** Rows wanted at most; 0 asks for the total alone. */
  limit: number
}

export interface Page<Row> {
  rows: Row[]
  /** Rows that match over all pages. */
  total: number
}
