import type { Accounts } from "../ports/accounts.ts";
import type { Revocations } from "../ports/edge_feed.ts";

/**
 * `accounts`, after each end of which the gate in this very isolate looks at the edge feed anew: whoever signs out where the gate is
 * as well is signed out at the next call, and not within the feed's bound.
 */
export function expiringAccounts(accounts: Accounts, revocations: Revocations): Accounts {
  const thenExpire = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } finally {
      // Also where nobody knows what became of it.
      revocations.expire();
    }
  };
  return {
    ...accounts,
    openSession: (user, opening, nowMs) => {
      const opened = accounts.openSession(user, opening, nowMs);
      return opening.replaces === null ? opened : thenExpire(opened);
    },
    endSession: (...end) => thenExpire(accounts.endSession(...end)),
    endEverything: (...end) => thenExpire(accounts.endEverything(...end)),
    beginChange: (...begin) => thenExpire(accounts.beginChange(...begin)),
    beginProvenChange: (...begin) => thenExpire(accounts.beginProvenChange(...begin)),
    finishChange: (...end) => thenExpire(accounts.finishChange(...end)),
    endOwed: (...end) => thenExpire(accounts.endOwed(...end)),
    setBlocked: (...end) => thenExpire(accounts.setBlocked(...end)),
    endGrant: (...end) => thenExpire(accounts.endGrant(...end)),
    endGrantsOf: (...end) => thenExpire(accounts.endGrantsOf(...end)),
  };
}
