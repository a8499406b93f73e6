import type { ActionPolicy } from "../policy/action_policy.ts";
import type { ResourceRef } from "../policy/decision_facts.ts";

/**
 * Who and what a search looks at: whatever tuples and roles lead to. A candidate is no answer: each of them is decided on. Ids come in one order, so that a
 * search goes on behind the last one that it looked at. Throws `Outage`.
 */
export interface AccessCandidates {
  /** Up to `limit` resources of `type`, behind `after`, that tuples connect with `subject` in some way. */
  resources(type: string, subject: ResourceRef, after: string | null, limit: number): Promise<CandidatePage>;
  /** Up to `limit` subjects of `kind`, behind `after`, whom tuples connect with `resource` in some way, or whose roles have a say in `policy`. */
  subjects(
    kind: string,
    resource: ResourceRef,
    policy: ActionPolicy,
    after: string | null,
    limit: number,
  ): Promise<CandidatePage>;
}

export interface CandidatePage {
  readonly ids: readonly string[];
  /** Whether there are none behind them. */
  readonly isLast: boolean;
  /** False where bounds cut the look-up off: there may be others that no page has. */
  readonly isWhole: boolean;
}
