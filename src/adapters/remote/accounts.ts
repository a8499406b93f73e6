import { orOutage } from "../../kernel/outage.ts";
import type { Accounts, EndOutcome, OpenChange } from "../../ports/accounts.ts";
import type { UserId } from "../../protocol/ids.ts";

/** An account tells the feed before it answers, and the feed has a deadline of its own, which is shorter. */
const ACCOUNT_DEADLINE_MS = 15_000;
/** A refresh that was given up is repeated: early enough for the window in which the same successor is given again. */
const REFRESH_DEADLINE_MS = 4_000;

/**
 * `Accounts` over one object per user: `stub` finds it by the user's id. Each call makes its own stub, for a stub belongs
 * to the request that made it, has a deadline, and turns whatever goes wrong into an `Outage`.
 */
export function remoteAccounts(stub: (user: UserId) => Accounts): Accounts {
  const call = <T>(user: UserId, work: (account: Accounts) => Promise<T>, deadlineMs = ACCOUNT_DEADLINE_MS) =>
    orOutage("account", deadlineMs, () => work(stub(user)));
  /** As `call`, of what ends something: nobody is told of an end that the account does not tell of. */
  const end = <T>(user: UserId, work: (account: Accounts) => Promise<T>) =>
    call(user, async (account) => {
      const told = await work(account);
      if (told !== null && told !== "of_another_client" && !isEnding(told)) throw new TypeError("no ending");
      return told;
    });
  /** As `call`, of what begins a change: none is made that the account has not begun. */
  const begin = <T>(user: UserId, work: (account: Accounts) => Promise<T>) =>
    call(user, async (account) => {
      const told = await work(account);
      if (told !== "superseded" && !isBegun(told)) throw new TypeError("no change");
      return told;
    });
  /** As `call`, of what gives something. */
  const give = <T extends { readonly kind: string }>(
    user: UserId,
    work: (account: Accounts) => Promise<T>,
    deadlineMs?: number,
  ) =>
    call(
      user,
      async (account) => {
        const told = await work(account);
        if (!OUTCOMES.has(told?.kind)) throw new TypeError("no outcome");
        return told;
      },
      deadlineMs,
    );
  return {
    epochOf: (user, ...rest) => call(user, (account) => account.epochOf(user, ...rest)),
    openSession: (user, ...rest) => call(user, (account) => account.openSession(user, ...rest)),
    findSession: (user, ...rest) => call(user, (account) => account.findSession(user, ...rest)),
    listSessions: (user, ...rest) => call(user, (account) => account.listSessions(user, ...rest)),
    endSession: (user, ...rest) => end(user, (account) => account.endSession(user, ...rest)),
    endEverything: (user, ...rest) => end(user, (account) => account.endEverything(user, ...rest)),
    beginChange: (user, ...rest) => begin(user, (account) => account.beginChange(user, ...rest)),
    beginProvenChange: (user, ...rest) => begin(user, (account) => account.beginProvenChange(user, ...rest)),
    finishChange: (user, ...rest) => end(user, (account) => account.finishChange(user, ...rest)),
    endOwed: (user, ...rest) => end(user, (account) => account.endOwed(user, ...rest)),
    setBlocked: (user, ...rest) => end(user, (account) => account.setBlocked(user, ...rest)),
    forgetRoles: (user, ...rest) => call(user, (account) => account.forgetRoles(user, ...rest)),
    issueCode: (user, ...rest) => call(user, (account) => account.issueCode(user, ...rest)),
    redeemCode: (user, ...rest) => give(user, (account) => account.redeemCode(user, ...rest)),
    startGrant: (user, ...rest) => give(user, (account) => account.startGrant(user, ...rest)),
    refresh: (user, ...rest) => give(user, (account) => account.refresh(user, ...rest), REFRESH_DEADLINE_MS),
    readRefresh: (user, ...rest) => call(user, (account) => account.readRefresh(user, ...rest)),
    revokeRefresh: (user, ...rest) => end(user, (account) => account.revokeRefresh(user, ...rest)),
    listGrants: (user, ...rest) => call(user, (account) => account.listGrants(user, ...rest)),
    endGrant: (user, ...rest) => end(user, (account) => account.endGrant(user, ...rest)),
    endGrantsOf: (user, ...rest) => end(user, (account) => account.endGrantsOf(user, ...rest)),
  };
}

const OUTCOMES: ReadonlySet<string> = new Set(["granted", "refused", "roles_wanted"]);

function isEnding(told: unknown): told is EndOutcome {
  return typeof told === "object" && told !== null && "sessions" in told && typeof told.sessions === "number";
}

function isBegun(told: unknown): told is OpenChange {
  return typeof told === "object" && told !== null && "mark" in told && typeof told.mark === "number";
}
