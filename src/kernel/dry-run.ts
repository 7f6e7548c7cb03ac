/**
 * Thrown in a dry run where an operation would begin what cannot be undone (a key, a signature, a commit of its own): all
 * checks before it have passed. No refusal, so that nothing between takes it for one.
 */
export class ReachedTheAct extends Error {
  override readonly name = 'ReachedTheAct'
}

/** Of the parts that an operation is given, those calls stop a dry run. */
const irreversible: Readonly<Record<string, ReadonlySet<string>>> = {
  keys: new Set(['generate', 'importKey', 'sign', 'destroy']),
  committer: new Set(['commit']),
}

/** The parts of an operation for a dry run: what only reads is as it is, what acts throws {@link ReachedTheAct}. */
export function forDryRun<Deps>(deps: Deps): Deps {
  const parts = { ...(deps as Record<string, unknown>) }
  for (const [name, calls] of Object.entries(irreversible)) {
    const part = parts[name]
    if (typeof part !== 'object' || part === null) continue
    parts[name] = new Proxy(part, {
      get: (target, call) =>
        calls.has(String(call)) ? () => Promise.reject(new ReachedTheAct()) : bound(target, call),
    })
  }
  return parts as Deps
}

function bound(target: object, name: string | symbol): unknown {
  const value = Reflect.get(target, name) as unknown
  return typeof value === 'function' ? (value.bind(target) as unknown) : value
}
