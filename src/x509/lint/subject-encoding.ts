import { tags } from '../der/tags.ts'
import { nameAttributeOf, nameValueProblem } from '../names.ts'
import type { Name, ParsedAttribute } from '../names.ts'
import { oids } from '../oids.ts'

/** Types that RFC 5280 appendix A.1 defines as IA5String or PrintableString; every other is a DirectoryString. */
const ia5Types = new Set<string>([oids.emailAddress, oids.domainComponent])
const printableTypes = new Set<string>([oids.country, oids.serialNumber, oids.dnQualifier])

/** The first attribute whose string type, length or characters are not those of RFC 5280 appendix A.1, in words. */
export function subjectEncodingProblem(name: Name): string | undefined {
  for (const rdn of name.rdns) {
    for (const attribute of rdn) {
      const problem = attributeProblem(attribute)
      if (problem) return `attribute ${attribute.oid} ${problem}`
    }
  }
  return undefined
}

function attributeProblem({ oid, text, value }: ParsedAttribute): string | undefined {
  if (text === undefined) return 'is no character string'
  const tag = value[0]
  if (ia5Types.has(oid)) {
    if (tag !== tags.ia5String) return 'is not an IA5String'
  } else if (printableTypes.has(oid)) {
    if (tag !== tags.printableString) return 'is not a PrintableString'
  } else if (tag !== tags.utf8String && tag !== tags.printableString) return 'is neither UTF8String nor PrintableString'
  if (tag === tags.printableString && !/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text))
    return 'has characters that PrintableString has not'
  const type = nameAttributeOf(oid)
  return type && nameValueProblem(type, text)
}
