import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import { plantCode, redeem, refresh, registerApp, registerUser, signIn } from "../support/grant_world.ts";
import { migrate, openIsolate, type RegisteredClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

/**
 * What waits for us, in a queue or behind a slow neighbour, is no reason to take an honest client for a thief: the windows of 5 s and 10 s
 * begin when the account spends the secret, and end with the time at which the second request was there.
 */
const isolate = openIsolate();
const { accounts } = isolate.parts.issuer;
const logs = captureLogs();
let app: RegisteredClient;
let user: UserRecord;

beforeAll(async () => {
  await migrate();
  [app, user] = await Promise.all([registerApp(), registerUser()]);
});

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ from: "origin" }));
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Lets the clock, which stands still by itself, go on by `ms`. */
function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

/** Lets the next call of `method` reach the account `lateMs` after its request came. */
function delayNext(method: "redeemCode" | "refresh", lateMs: number): void {
  const call = accounts[method].bind(accounts) as (...args: readonly unknown[]) => Promise<unknown>;
  vi.spyOn(accounts, method).mockImplementationOnce((async (...args: readonly unknown[]) => {
    pass(lateMs);
    return call(...args);
  }) as never);
}

function lastReason(): unknown {
  return logs.events("token_refused").at(-1)?.reason;
}

async function atGate(token: unknown): Promise<number> {
  return (await isolate.fetch("/orders", { headers: { authorization: `Bearer ${String(token)}` } })).status;
}

describe("RFC 6749 4.1.2: a redemption that waited", () => {
  it("longer than the window: a double submit that comes when it is answered ends nothing", async () => {
    const planted = await plantCode(isolate, user, app);
    delayNext("redeemCode", 9_000);
    const first = await redeem(isolate, app, planted);
    expect(first.status).toBe(200);
    pass(4_000);
    expectOAuthError(await redeem(isolate, app, planted), "invalid_grant");
    expect(lastReason()).toBe("code_double_submit");
    expect(await atGate(first.json.access_token)).toBe(200);
    expect((await refresh(isolate, app, first.json.refresh_token)).status).toBe(200);
  });

  it("the second of two that came at once may be looked at long after the window", async () => {
    const planted = await plantCode(isolate, user, app);
    const cameMs = Date.now();
    const first = await redeem(isolate, app, planted);
    pass(14_000);
    expectOAuthError(await redeemAsOf(cameMs, planted), "invalid_grant");
    expect(lastReason()).toBe("code_double_submit");
    expect(await atGate(first.json.access_token)).toBe(200);
  });

  /** A redemption that was there at `cameMs`, and that the account looks at now. */
  async function redeemAsOf(cameMs: number, planted: Awaited<ReturnType<typeof plantCode>>) {
    const call = accounts.redeemCode.bind(accounts);
    vi.spyOn(accounts, "redeemCode").mockImplementationOnce((of, redemption) => call(of, redemption, cameMs));
    return redeem(isolate, app, planted);
  }
});

describe("RFC 9700 4.14.2: a refresh that waited", () => {
  it("9 s: a client that hung up and comes back 3 s later is given the same successor", async () => {
    const first = await signIn(isolate, user, app);
    delayNext("refresh", 9_000);
    const lost = await refresh(isolate, app, first.refresh_token);
    pass(3_000);
    const again = await refresh(isolate, app, first.refresh_token);
    expect([again.status, again.json.refresh_token]).toEqual([200, lost.json.refresh_token]);
    expect(logs.events("token_issued").at(-1)).toMatchObject({ retried: true });
  });

  it("until it was given up, and then spent the token all the same: its client comes back, and goes on", async () => {
    const first = await signIn(isolate, user, app);
    const call = accounts.refresh.bind(accounts);
    let reachTheAccount: () => Promise<unknown> = async () => undefined;
    vi.spyOn(accounts, "refresh").mockImplementationOnce(async (...args) => {
      reachTheAccount = () => call(...args);
      throw new Outage("account", { cause: "deadline" });
    });
    expectOAuthError(await refresh(isolate, app, first.refresh_token), "temporarily_unavailable", 503);
    pass(9_000);
    expect(await reachTheAccount()).toMatchObject({ kind: "granted", retried: false });
    pass(3_000);
    const again = await refresh(isolate, app, first.refresh_token);
    expect(again.status).toBe(200);
    expect((await refresh(isolate, app, again.json.refresh_token)).status).toBe(200);
  });

  it("is spent all the same: whoever comes 10 s after that is a thief", async () => {
    const owner = await registerUser();
    const first = await signIn(isolate, owner, app);
    delayNext("refresh", 9_000);
    const next = await refresh(isolate, app, first.refresh_token);
    pass(10_001);
    expectOAuthError(await refresh(isolate, app, first.refresh_token), "invalid_grant");
    expect(lastReason()).toBe("refresh_reused");
    expectOAuthError(await refresh(isolate, app, next.json.refresh_token), "invalid_grant");
  });
});
