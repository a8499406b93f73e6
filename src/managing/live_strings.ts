/** The secrets that still open something at `nowMs`: of a client, or of an API key. */
export function liveStrings<T extends { readonly expiresAtMs: number | null }>(
  secrets: readonly T[],
  nowMs: number,
): readonly T[] {
  return secrets.filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs);
}
