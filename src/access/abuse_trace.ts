import type { ListHit } from "../policy/access_list.ts";

/** What was found against abuse on a call's way: for the log alone. */
export interface AbuseTrace {
  lists: readonly ListHit[];
  /** What became of the challenge: `solved`, `remembered`, or why not; null where there was none. */
  captcha: string | null;
}

/** The trace of a call, begun where something has something to say. */
export function abuseTrace(trace: { abuse: AbuseTrace | null }): AbuseTrace {
  trace.abuse ??= { lists: [], captcha: null };
  return trace.abuse;
}
