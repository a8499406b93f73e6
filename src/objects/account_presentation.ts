import type { GrantOutcome, GrantRefusal, LiveGrant, RolesWanted } from "../ports/accounts.ts";
import { type GrantState, type GrantTransition, hasGiven } from "../protocol/grant_state.ts";
import type { GrantId } from "../protocol/ids.ts";
import { type KnownHoldings, keptHoldings } from "../protocol/roles_copy.ts";
import type { AccountChanges } from "./account_changes.ts";
import type { AccountStore } from "./account_store.ts";

/** What a presented secret names, and what whoever presents it knows of the user. */
export interface Presentation {
  readonly grantId: GrantId;
  readonly holdings: KnownHoldings;
}

/** What came of a presentation, and the grant as it is now where it gave something. */
export interface Presented {
  readonly outcome: GrantOutcome | RolesWanted;
  readonly after: GrantState | null;
}

/**
 * Puts a secret to a grant: the transition, what it ended and what must be told of that, in one transaction. To be run without a pause. Without
 * roles for the token nothing is spent: whoever has to ask the directory asks it before, and an outage there costs nobody
 * their secret.
 */
export function presentSecret(
  store: AccountStore,
  changes: AccountChanges,
  { grantId: id, holdings }: Presentation,
  nowMs: number,
  transition: (state: GrantState) => GrantTransition,
): Presented {
  const before = store.findGrant(id);
  if (before === null) return { outcome: refusal("grant_unknown"), after: null };
  const head = store.head();
  if (head.blocked) return { outcome: refusal("account_blocked"), after: null };
  const { state, step } = transition(before);
  if (step.kind === "granted") {
    const known = holdings ?? keptHoldings(head.roles, head.epoch, nowMs);
    if (known === null) return { outcome: { kind: "roles_wanted" }, after: null };
    writeGiving(store, changes, { id, before, state }, holdings);
    return { outcome: { ...step, grant: liveGrant(store, id, state), holdings: known }, after: state };
  }
  if (state !== before) {
    store.transaction(() => {
      store.putGrant(id, state);
      if (step.ended === "grant") changes.endSuspectedGrant(id, state, step.reason);
      if (step.ended === "user") changes.endEverything("refresh_reuse", null, { id, state });
    });
  }
  return { outcome: step, after: null };
}

/** A grant as those who mint need it. */
export function liveGrant(
  store: AccountStore,
  grantId: GrantId,
  { terms, startedAtMs, accessMs, endsAtMs }: GrantState,
): LiveGrant {
  const userEpoch = store.epochs.current(terms.subject, store.head().epoch);
  return { grantId, terms, userEpoch, startedAtMs, accessMs, endsAtMs };
}

/** A refusal that changes nothing. */
export function refusal(reason: GrantRefusal): GrantOutcome {
  return { kind: "refused", reason, ended: "nothing" };
}

/** A grant that gives. */
interface Giving {
  readonly id: GrantId;
  readonly before: GrantState;
  readonly state: GrantState;
}

/** A refresh that brings nothing else is one statement, which is whole without a transaction. Anything more is one transaction. */
function writeGiving(store: AccountStore, changes: AccountChanges, giving: Giving, holdings: KnownHoldings): void {
  const { id, before, state } = giving;
  if (hasGiven(before) && holdings === null) putGiving(store, giving);
  else {
    store.transaction(() => {
      putGiving(store, giving);
      if (!hasGiven(before)) changes.takeIn(id, state);
      if (holdings !== null) changes.keepHoldings(holdings);
    });
  }
}

/** A retry changes nothing, and writes nothing. */
function putGiving(store: AccountStore, { id, before, state }: Giving): void {
  if (state === before) return;
  const spent = state.refresh?.spent ?? null;
  if (spent === null) store.putGrant(id, state);
  else store.putSpending(id, state, spent.hash);
}
