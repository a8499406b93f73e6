/**
 * What the edge feed is told when relations change: under each bucket that was touched, and under `ANY_RELATION`, the revision of the
 * change. An answer of an earlier revision that was made of it is used no more.
 */
export const ANY_RELATION = "*";

/** How long a gate may use an answer that nothing is said against. */
export const RELATION_ANSWER_MS = 60_000;

/** How long the feed keeps an entry: until every answer from before the change has long ended, however far clocks are apart. */
export const RELATION_ENTRY_MS = 5 * RELATION_ANSWER_MS;

const BUCKET_IDS: string[] = [];

/** The feed's name of a bucket. */
export function bucketEntryId(bucket: number): string {
  const known = BUCKET_IDS[bucket];
  if (known !== undefined) return known;
  const made = String(bucket);
  BUCKET_IDS[bucket] = made;
  return made;
}
