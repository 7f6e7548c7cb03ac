import type { RightsGeneration } from './principals.ts'
import type { IamStore } from './store.ts'

/** Twice within the second after which a change of rights has to hold on every node. */
export const rightsWatchEveryMs = 400

/**
 * Notices changes of rights that another process made, and lets all threads of this one forget what they remember. While the
 * database does not answer nothing stays remembered either: what cannot be confirmed is not believed.
 */
export class RightsWatch {
  private readonly store: Pick<IamStore, 'rightsMark'>
  private readonly rights: RightsGeneration
  private mark: number | undefined
  private asking = false

  constructor(parts: { store: Pick<IamStore, 'rightsMark'>; rights: RightsGeneration }) {
    this.store = parts.store
    this.rights = parts.rights
  }

  /** To be called every {@link rightsWatchEveryMs}. Never rejects. */
  async look(): Promise<void> {
    if (this.asking) return this.rights.raise()
    this.asking = true
    try {
      const mark = await this.store.rightsMark()
      if (mark !== this.mark) this.rights.raise()
      this.mark = mark
    } catch {
      this.rights.raise()
    } finally {
      this.asking = false
    }
  }
}
