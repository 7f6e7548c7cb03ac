import { operations } from '../operations.ts'
import { noContent, ok, type Handler } from './call.ts'
import { readCaId } from './shapes/ca.ts'
import { readBatchCreateTags, readBatchDeleteTags, readCreateTag, tagList } from './shapes/tags.ts'

/** The tags of a CA. */
export const caTagHandlers = {
  async CreateCaTag(call) {
    await call.run(operations.TagCa, () => ({ caId: readCaId(call.id), tags: readCreateTag(call.request.body) }))
    return noContent
  },

  async BatchCreateCaTags(call) {
    await call.run(operations.TagCa, () => ({ caId: readCaId(call.id), tags: readBatchCreateTags(call.request.body) }))
    return noContent
  },

  async BatchDeleteCaTags(call) {
    await call.run(operations.UntagCa, () => ({
      caId: readCaId(call.id),
      keys: readBatchDeleteTags(call.request.body),
    }))
    return noContent
  },

  async ListCaTags(call) {
    return ok(tagList((await call.run(operations.ListCaTags, () => ({ caId: readCaId(call.id) }))).tags))
  },
} satisfies Record<string, Handler>
