import type { RelationCheck } from "../policy/decision_facts.ts";
import type { Defer, RevocationView } from "./edge_feed.ts";

/** What a gate may ask about relations. Its answers are facts, never verdicts: who may do what with them is for the rules. */
export interface RelationFacts {
  /**
   * The answer to `check` from this isolate's memory, without waiting; undefined where there is none that `call` may use: nobody asked yet,
   * it is too old, something that it was made of has changed since, or `call` demands a newer one.
   */
  known(check: RelationCheck, call: RelationCall): RelationAnswer | undefined;
  /**
   * The answers to `checks`, in their order, fetched as far as `known` has none. They hold for `call` even where memory forgets them at once.
   * `unreached` where the store has not seen what `call` demands: nobody was told of such a change. Throws `Outage`: what cannot be fetched in
   * time is never "no".
   */
  resolve(checks: readonly RelationCheck[], call: RelationCall): Promise<readonly RelationAnswer[] | "unreached">;
}

/**
 * Whether the subject has the relation. `undecided`: the way there is deeper or wider than the bounds, or names something that the schema
 * does not have. A rule that meets it fails, and so denies; taken for "no" it would let pass whom a deny rule names.
 */
export type RelationAnswer = boolean | "undecided";

/** The call that asks. */
export interface RelationCall {
  /** Unix milliseconds, one reading for the whole call. */
  readonly nowMs: number;
  /** What the edge feed tells: an answer made of something that changed since is not used. */
  readonly view: RevocationView;
  readonly defer: Defer;
  /** The least revision of the relations that answers must know of (a consistency token); 0 for none. */
  readonly atLeast: number;
}
