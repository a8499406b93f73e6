import type { ListHit } from "../policy/access_list.ts";
import type { SignalWatch } from "./signal_watch.ts";

/** What was found against abuse on a call's way: for the log alone. */
export interface AbuseTrace {
  lists: readonly ListHit[];
  /** What became of the challenge: `solved`, `remembered`, or why not; null where there was none. */
  captcha: string | null;
  /** A proof that was good, for where the call is refused all the same; null where there was none. */
  solved: SolvedProof | null;
  /** What is raised of the principal, with its values; `unknown` where that is not known. Null where nobody asked. */
  signals: readonly string[] | null;
  /** Whose call it is and where it is counted; null for a call that counts for nobody. */
  watched: { readonly subject: string; readonly watch: SignalWatch } | null;
  /** What stands against abuse refused it. */
  heldUp: boolean;
}

/** What a good proof leaves to a caller whom something behind the challenge refuses. */
export interface SolvedProof {
  /** Null where the route remembers none. */
  readonly clearance: string | null;
  /** Keeps the proof itself for one call more; null where there is a clearance. */
  readonly keep: (() => void) | null;
}

/** The trace of a call, begun where something has something to say. */
export function abuseTrace(trace: { abuse: AbuseTrace | null }): AbuseTrace {
  trace.abuse ??= { lists: [], captcha: null, solved: null, signals: null, watched: null, heldUp: false };
  return trace.abuse;
}
