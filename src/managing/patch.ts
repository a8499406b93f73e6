/** Some fields of `T`; absent or undefined means "as it is". */
export type Patch<T> = { readonly [Name in keyof T]?: T[Name] | undefined };

/** `before` with the fields of `patch`, or null when every one of them already has that value. */
export function applyPatch<T extends object>(before: T, patch: NoInfer<Patch<T>>): T | null {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined);
  const held = new Map(Object.entries(before));
  const differs = given.some(([name, value]) => !sameValue(held.get(name), value));
  return differs ? { ...before, ...Object.fromEntries(given) } : null;
}

/** Whether something of `before` is not in `after`: a power taken away. */
export function losesAny(before: readonly string[], after: readonly string[]): boolean {
  return before.some((item) => !after.includes(item));
}

/** Plain values and lists of plain values, in order. */
function sameValue(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  return a.length === b.length && a.every((item, at) => item === b[at]);
}
