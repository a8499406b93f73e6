/*
 * Consistency tokens: the number of changes that a reading has to know of. Plain, for they open nothing: whoever makes one up only
 * demands more of the answers to their own calls.
 */
const TOKEN = /^rev_(0|[1-9a-z][0-9a-z]{0,10})$/;

/** The token of a revision. */
export function consistencyToken(revision: number): string {
  return `rev_${revision.toString(36)}`;
}

/** The revision of a token, or null for what is none. */
export function parseConsistencyToken(text: string): number | null {
  const [, digits] = TOKEN.exec(text) ?? [];
  const revision = Number.parseInt(digits ?? "", 36);
  return Number.isSafeInteger(revision) ? revision : null;
}
