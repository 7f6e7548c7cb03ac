import { pcaErrors } from '../errors.ts'
import { anything, fail, list, optional, type Reader, readFields, record, required, text } from '../fields.ts'
import { readJsonBody } from '../read-body.ts'

const code = pcaErrors.parameterInvalid
const key = text({ max: 128 })
const value = text({ min: 0, max: 255 })
const tag = record({ key: required('key', key), value: required('value', value) })

/** 1–20 tags, each key once: which of two values should hold could not be told. */
const tags: Reader<Record<string, string>> = (source, name) => {
  const read = list(tag, { min: 1, max: 20 })(source, name)
  const byKey = new Map(read.map((each) => [each.key, each.value]))
  if (byKey.size < read.length) return fail(code, name, 'has a key twice')
  return Object.fromEntries(byKey)
}

const oneTag = { tag: required('tag', tag) }
const someTags = { tags: required('tags', tags) }
/** On removal the value means nothing, so a client may leave it out. */
const someKeys = {
  tags: required(
    'tags',
    list(record({ key: required('key', key), value: optional('value', anything) }), { min: 1, max: 20 }),
  ),
}

/** Reads CreateCaTag. */
export function readCreateTag(body: Uint8Array): Record<string, string> {
  const { tag: given } = readFields(oneTag, readJsonBody(body))
  return Object.fromEntries([[given.key, given.value]])
}

/** Reads BatchCreateCaTags. */
export function readBatchCreateTags(body: Uint8Array): Record<string, string> {
  return readFields(someTags, readJsonBody(body)).tags
}

/** Reads BatchDeleteCaTags: the keys to remove. */
export function readBatchDeleteTags(body: Uint8Array): string[] {
  return readFields(someKeys, readJsonBody(body)).tags.map((each) => each.key)
}

/** The answer of ListCaTags. */
export function tagList(held: Readonly<Record<string, string>>) {
  return { tags: Object.entries(held).map(([name, content]) => ({ key: name, value: content })) }
}
