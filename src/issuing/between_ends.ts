import { Outage } from "../kernel/outage.ts";
import type { EndReason, OpenChange } from "../ports/accounts.ts";
import type { SessionId, UserId } from "../protocol/ids.ts";
import type { People } from "./people.ts";

/** What came of a change, and which dependencies failed after it: for the log, since what is done is done. */
export interface ChangeBetweenEnds<T> {
  readonly outcome: T;
  readonly unfinished: string[];
}

type Everything = { readonly user: UserId; readonly reason: EndReason; readonly except: SessionId | null };

/**
 * Runs `change`, by which a password is replaced, between two ends of everything but the session `except`. Before: a change that cannot
 * end what a thief has open is not made, and throws `Outage`. After: what was opened with the old password in between ends too.
 * Where the process dies before the second end, or the account is out, the account makes it by itself a minute later. So an outage at
 * the second end leaves nothing open for long, and does not hide that the change was made.
 */
export async function betweenEnds<T>(
  { user, reason, except }: Everything,
  { accounts }: Pick<People, "accounts">,
  nowMs: number,
  change: () => Promise<T>,
): Promise<ChangeBetweenEnds<T>> {
  const begun = await accounts.beginChange(user, reason, except, nowMs);
  return followedByEnd(user, begun, accounts, nowMs, change);
}

/**
 * The same for a change on a proof that was good under `provenAtEpoch`. `superseded`, and nothing is ended or changed, where anything has
 * ended everything since.
 */
export async function betweenProvenEnds<T>(
  { user, reason, except }: Everything,
  provenAtEpoch: number,
  { accounts }: Pick<People, "accounts">,
  nowMs: number,
  change: () => Promise<T>,
): Promise<ChangeBetweenEnds<T> | "superseded"> {
  const begun = await accounts.beginProvenChange(user, provenAtEpoch, reason, except, nowMs);
  return begun === "superseded" ? begun : followedByEnd(user, begun, accounts, nowMs, change);
}

async function followedByEnd<T>(
  user: UserId,
  begun: OpenChange,
  accounts: People["accounts"],
  nowMs: number,
  change: () => Promise<T>,
): Promise<ChangeBetweenEnds<T>> {
  let outcome: T;
  try {
    outcome = await change();
  } catch (fault) {
    // An outage may hide that it was made after all, or is made yet: the account's own end, which is later, stays due.
    await afterwards([], () => accounts.endOwed(user, nowMs));
    throw fault;
  }
  const unfinished: string[] = [];
  await afterwards(unfinished, () => accounts.finishChange(user, begun, nowMs));
  return { outcome, unfinished };
}

/**
 * Does what is left to do once a change is made. An outage in it is noted in `unfinished` and answered by null: whoever heard of it
 * would try again, and find that the link is dead or the password another.
 */
export async function afterwards<T>(unfinished: string[], work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (fault) {
    if (!(fault instanceof Outage)) throw fault;
    unfinished.push(fault.dependency);
    return null;
  }
}
