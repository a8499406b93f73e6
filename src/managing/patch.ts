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

/** Plain data: lists in their order, the members of objects in any. */
function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const held = new Map(Object.entries(a));
  const given = Object.entries(b);
  return (
    held.size === given.length && given.every(([name, value]) => held.has(name) && sameValue(held.get(name), value))
  );
}
