import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { UserRecord } from "../../src/ports/users.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import {
  plantCode,
  redeem,
  refresh,
  registerApp,
  registerPublicApp,
  registerUser,
  signIn,
} from "../support/grant_world.ts";
import { migrate, openIsolate, type RegisteredClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

const isolate = openIsolate();
const logs = captureLogs();
let app: RegisteredClient;
let publicApp: RegisteredClient;
let user: UserRecord;

beforeAll(async () => {
  await migrate();
  [app, publicApp, user] = await Promise.all([registerApp(), registerPublicApp(), registerUser()]);
});

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ from: "origin" }));
});

function plant() {
  return plantCode(isolate, user, app);
}

/** The status that a call with `token` gets at the gate. */
async function atGate(token: unknown, at = isolate): Promise<number> {
  return (await at.fetch("/orders", { headers: { authorization: `Bearer ${String(token)}` } })).status;
}

/** The reason that the log gives for the last refusal. */
function lastReason(): unknown {
  return logs.events("token_refused").at(-1)?.reason;
}

describe("RFC 6749 4.1.2: a code answers once", () => {
  it("the honest double submit within 5 s is refused and keeps its tokens", async () => {
    const planted = await plant();
    const first = await redeem(isolate, app, planted);
    expectOAuthError(await redeem(isolate, app, planted), "invalid_grant");
    expect(lastReason()).toBe("code_double_submit");
    expect(logs.events("grant_token_reused")).toEqual([]);
    expect(await atGate(first.json.access_token)).toBe(200);
    expect((await refresh(isolate, app, first.json.refresh_token)).status).toBe(200);
  });

  it.each<[string, Record<string, string>, number]>([
    ["later", {}, 5_001],
    ["with another verifier", { code_verifier: "a".repeat(43) }, 0],
  ])("%s it is theft: the tokens of the first redemption die", async (_, changes, afterMs) => {
    const planted = await plant();
    const first = await redeem(isolate, app, planted);
    const bystander = await signIn(isolate, user, app);
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + afterMs);
    expectOAuthError(await redeem(isolate, app, planted, changes), "invalid_grant");
    expect(logs.events("grant_token_reused").at(-1)).toMatchObject({
      reason: "code_spent",
      ended: "grant",
      grant_id: planted.grantId,
      user_id: user.id,
    });
    expectOAuthError(await refresh(isolate, app, first.json.refresh_token), "invalid_grant");
    expect([await atGate(first.json.access_token), await atGate(first.json.access_token, openIsolate())]).toEqual([
      401, 401,
    ]);
    expect(await atGate(bystander.access_token)).toBe(200);
    clock.mockRestore();
  });

  it("with another client it is theft at once", async () => {
    const planted = await plant();
    const first = await redeem(isolate, app, planted);
    expectOAuthError(await redeem(isolate, publicApp, planted), "invalid_grant");
    expectOAuthError(await refresh(isolate, app, first.json.refresh_token), "invalid_grant");
  });

  it("of 20 at once one wins, and its client ends with live tokens", async () => {
    const planted = await plant();
    const told = await Promise.all(Array.from({ length: 20 }, () => redeem(isolate, app, planted)));
    const won = told.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    for (const lost of told.filter(({ status }) => status !== 200)) expectOAuthError(lost, "invalid_grant");
    expect(await atGate(won[0]?.json.access_token)).toBe(200);
    expect((await refresh(isolate, app, won[0]?.json.refresh_token)).status).toBe(200);
  });
});
