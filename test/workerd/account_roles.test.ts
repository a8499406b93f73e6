import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { newAccount } from "../support/account_world.ts";
import { holding, LIFETIMES, presentation } from "../support/grants.ts";

const WANTED = { kind: "roles_wanted" };
const NO_ROLES = { holdings: null };
const MINUTE = 60_000;

/** An account with a grant that began with the role `staff`. */
async function staffAccount() {
  const account = await newAccount();
  const { accounts, user, nowMs } = account;
  const grant = await account.started({ holdings: holding("staff") });
  /** Presents generation `at`; without `roles` the account is to know them. */
  const refresh = (at: number, roles: readonly string[] | null = null, atMs = nowMs) =>
    accounts.refresh(user, presentation(grant, at, { holdings: roles && holding(...roles) }), atMs);
  return { ...account, grant, refresh };
}

describe("an account answers with the user's roles", () => {
  it("that a code, a sign-in or a redemption brought, also after an eviction", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const issue = await account.issued({ holdings: holding("clerk") });
    await evictDurableObject(account.stub());
    await account.rewired();
    expect(await account.redeem(issue, NO_ROLES)).toMatchObject({ kind: "granted", holdings: { roles: ["clerk"] } });
    const start = await account.started({ holdings: holding("staff") });
    const first = await accounts.refresh(user, presentation(start, 0, { holdings: null }), nowMs);
    expect(first).toMatchObject({ kind: "granted", holdings: { roles: ["staff"] } });
    const second = await accounts.refresh(user, presentation(start, 1, { holdings: holding("auditor") }), nowMs);
    expect(second).toMatchObject({ kind: "granted", holdings: { roles: ["auditor"] } });
    const third = await accounts.refresh(user, presentation(start, 2, { holdings: null }), nowMs);
    expect(third).toMatchObject({ kind: "granted", holdings: { roles: ["auditor"] } });
  });

  it("where it does not know them it asks, and has spent nothing: neither a code nor a refresh token", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const issue = await account.issued(NO_ROLES);
    for (let tries = 0; tries < 3; tries++) expect(await account.redeem(issue, NO_ROLES)).toEqual(WANTED);
    expect(await account.redeem(issue, { holdings: holding("clerk") })).toMatchObject({
      kind: "granted",
      holdings: { roles: ["clerk"] },
    });
    await accounts.forgetRoles(user, nowMs);
    const refresh = (roles: readonly string[] | null) =>
      accounts.refresh(user, presentation(issue, 0, { holdings: roles && holding(...roles) }), nowMs);
    expect([await refresh(null), await refresh(null), await account.spentHashes()]).toEqual([WANTED, WANTED, 0]);
    expect(await refresh(["clerk"])).toMatchObject({ kind: "granted", retried: false });
    expect([await refresh(["clerk"]), await account.spentHashes()]).toMatchObject([{ retried: true }, 1]);
  });

  it("a secret that is not right is told so without roles, and one that was stolen ends everything", async () => {
    const { accounts, user, nowMs, refresh, grant } = await staffAccount();
    await refresh(0);
    await refresh(1);
    await accounts.forgetRoles(user, nowMs);
    const guess = presentation(grant, 0, { presentedHash: "guess", holdings: null });
    expect(await accounts.refresh(user, guess, nowMs)).toMatchObject({ reason: "refresh_unknown" });
    expect(await refresh(0)).toMatchObject({ reason: "refresh_reused", ended: "user" });
  });

  it("a blocked account answers nothing, whatever roles are brought", async () => {
    const { accounts, user, nowMs, refresh } = await staffAccount();
    await accounts.setBlocked(user, true, "disabled", nowMs);
    expect(await refresh(0)).toMatchObject({ reason: "account_blocked" });
    expect(await refresh(0, ["staff"])).toMatchObject({ reason: "account_blocked" });
  });
});

describe("roles that change", () => {
  it("a change that is announced makes it ask, and it keeps nothing until the directory has settled", async () => {
    const { accounts, user, nowMs, refresh } = await staffAccount();
    expect(await refresh(0)).toMatchObject({ holdings: { roles: ["staff"] } });
    await accounts.forgetRoles(user, nowMs);
    expect(await refresh(1)).toEqual(WANTED);
    // Read before the change, arriving after the announcement: good for this once, and never again.
    expect(await refresh(1, ["staff"])).toMatchObject({ holdings: { roles: ["staff"] } });
    expect(await refresh(2, null, nowMs + MINUTE - 1)).toEqual(WANTED);
    expect(await refresh(2, ["auditor"], nowMs + MINUTE)).toMatchObject({ holdings: { roles: ["auditor"] } });
    expect(await refresh(3, null, nowMs + MINUTE)).toMatchObject({ holdings: { roles: ["auditor"] } });
  });

  it("the end of everything, which goes with a role that is taken away, drops them in the same transaction", async () => {
    const account = await staffAccount();
    const { accounts, user, nowMs } = account;
    const waiting = await account.issued(NO_ROLES);
    await accounts.endEverything(user, "admin", null, nowMs);
    // What the directory said before the end does not come in any more: what it was said for is over.
    expect(await account.redeem(waiting, { holdings: holding("staff") })).toMatchObject({ reason: "grant_revoked" });
    const late = await accounts.startGrant(user, { ...account.grant, provenAtEpoch: 1 }, LIFETIMES, nowMs);
    expect(late).toMatchObject({ reason: "proof_superseded" });
    const next = await account.issued(NO_ROLES);
    expect(await account.redeem(next, NO_ROLES)).toEqual(WANTED);
  });

  it("a head from before accounts knew roles is one without a copy", async () => {
    const account = await staffAccount();
    await runInDurableObject(account.stub(), (_, { storage }) => {
      storage.kv.put("account", { epoch: 7, blocked: false });
    });
    await account.kill();
    expect(await account.refresh(0)).toEqual(WANTED);
    expect(await account.refresh(0, ["staff"])).toMatchObject({
      holdings: { roles: ["staff"] },
      grant: { userEpoch: 7 },
    });
    expect(await account.refresh(1)).toMatchObject({ holdings: { roles: ["staff"] }, grant: { userEpoch: 7 } });
  });
});
