import Type from 'typebox'
import { operation } from '../kernel/index.ts'
import { uuidInput } from '../issuance/index.ts'
import { caAttributes, caIdInput, theCa } from './inputs.ts'
import { problem } from './problems.ts'
import type { CaStore } from './store.ts'

const maxTags = 20
// A pattern, because lengths do not bind the keys of a record.
const tagKey = Type.String({ pattern: '^[^]{1,128}$' })
const tagsInput = Type.Record(tagKey, Type.String({ maxLength: 255 }), { additionalProperties: false })

/** Adds tags to a CA; a key that it has gets the new value. */
export const tagCa = operation<{ cas: CaStore }>()({
  name: 'TagCa',
  summary: 'Add tags to a CA',
  access: 'write',
  actions: ['pca:ca:createTag'],
  input: Type.Object({ caId: uuidInput, tags: tagsInput }, { additionalProperties: false }),
  resource: {
    ...theCa<{ caId: string; tags: Record<string, string> }>(),
    attributes: ({ caId, tags }, ca) => ({ ...caAttributes(caId, ca), requestTags: tags }),
  },
  problems: ['CaNotFound', 'CaChanged', 'TooManyTags'],
  run({ tags }, ca, { cas }) {
    const next = { ...ca, tags: { ...ca.tags, ...tags } }
    if (Object.keys(next.tags).length > maxTags) throw problem('TooManyTags', { max: maxTags })
    return Promise.resolve({
      answer: {},
      writes: [cas.replace(ca, next, problem('CaChanged'))],
      audit: { objectType: 'ca', objectId: ca.id, facts: { tags } },
    })
  },
})

/** Removes tags from a CA by their keys; a key that it does not have is passed over. */
export const untagCa = operation<{ cas: CaStore }>()({
  name: 'UntagCa',
  summary: 'Remove tags from a CA',
  access: 'write',
  actions: ['pca:ca:deleteTag'],
  input: Type.Object({ caId: uuidInput, keys: Type.Array(tagKey, { maxItems: 20 }) }, { additionalProperties: false }),
  resource: theCa(),
  problems: ['CaNotFound', 'CaChanged'],
  run({ keys }, ca, { cas }) {
    const tags = Object.fromEntries(Object.entries(ca.tags).filter(([key]) => !keys.includes(key)))
    return Promise.resolve({
      answer: {},
      writes: [cas.replace(ca, { ...ca, tags }, problem('CaChanged'))],
      audit: { objectType: 'ca', objectId: ca.id, facts: { removed: keys } },
    })
  },
})

export const listCaTags = operation<{ cas: CaStore }>()({
  name: 'ListCaTags',
  summary: 'List the tags of a CA',
  access: 'list',
  actions: ['pca:ca:listTags'],
  input: caIdInput,
  resource: theCa(),
  problems: ['CaNotFound'],
  run: (_input, ca) => Promise.resolve({ answer: { tags: ca.tags } }),
})
