import { decodeJwt } from "jose";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { D1Clients } from "../../src/adapters/d1/clients.ts";
import { breakable } from "../support/breakable.ts";
import { databaseWithout } from "../support/broken_database.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import { plantCode, redeem, refresh, registerApp, registerUser, signIn } from "../support/grant_world.ts";
import { backstage, bindings, migrate, openIsolate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

const isolate = openIsolate();
const logs = captureLogs();
/** Over at once: what is presented twice here is presented after the window. */
const NO_RETRY = { lifetimes: { refreshRetryMs: 0 } };

beforeAll(migrate);

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ from: "origin" }));
});

describe("an outage of ours is no theft: a refresh can always be retried", () => {
  it("the directory out, and the account has no copy of roles: 503, nothing is spent, and the same token works afterwards", async () => {
    const [app, user] = await Promise.all([registerApp(), registerUser()]);
    const first = await signIn(isolate, user, app, NO_RETRY);
    await isolate.parts.issuer.accounts.forgetRoles(user.id, Date.now());
    const half = openIsolate({ bindings: { DB: databaseWithout("users") } });
    expectOAuthError(await refresh(half, app, first.refresh_token), "temporarily_unavailable", 503);
    const told = await refresh(isolate, app, first.refresh_token);
    expect(told.status).toBe(200);
    const again = await refresh(isolate, app, first.refresh_token);
    expectOAuthError(again, "invalid_grant", 400);
    expect(logs.events("token_refused").at(-1)?.reason, "spent now, and so it is reuse").toBe("refresh_reused");
  });

  it("the directory out, and the account knows the roles: nobody notices", async () => {
    const [app, user] = await Promise.all([registerApp(), registerUser({ roles: ["clerk"] })]);
    const first = await signIn(isolate, user, app);
    const half = openIsolate({ bindings: { DB: databaseWithout("users") } });
    const told = await refresh(half, app, first.refresh_token);
    expect([told.status, decodeJwt(String(told.json.access_token)).roles]).toEqual([200, ["clerk"]]);
  });

  it("the signing keys out on a cold isolate: 503, nothing is spent", async () => {
    const [app, user] = await Promise.all([registerApp(), registerUser()]);
    const first = await signIn(isolate, user, app, NO_RETRY);
    const ring = breakable(bindings.SIGNING_KEYS);
    ring.health = "failing";
    const cold = openIsolate({ bindings: { SIGNING_KEYS: ring.binding } });
    expectOAuthError(await refresh(cold, app, first.refresh_token), "temporarily_unavailable", 503);
    ring.health = "well";
    expect((await refresh(cold, app, first.refresh_token)).status).toBe(200);
  });

  it("the signing keys out when a code is redeemed: 503, and the code is as good as before", async () => {
    const [app, user] = await Promise.all([registerApp(), registerUser()]);
    const planted = await plantCode(isolate, user, app);
    const ring = breakable(bindings.SIGNING_KEYS);
    ring.health = "failing";
    const cold = openIsolate({ bindings: { SIGNING_KEYS: ring.binding } });
    expectOAuthError(await redeem(cold, app, planted), "temporarily_unavailable", 503);
    ring.health = "well";
    expect((await redeem(cold, app, planted)).status).toBe(200);
  });

  it("a client that lost every scope loses the grant, and its next try ends nothing else of the user", async () => {
    const [app, other, user] = await Promise.all([registerApp(), registerApp(), registerUser()]);
    const first = await signIn(isolate, user, app, { ...NO_RETRY, terms: { scopes: ["orders:read"] } });
    const bystander = await signIn(isolate, user, other);
    const registry = new D1Clients(backstage.db);
    const before = await registry.find(app.id);
    if (before === null) throw new Error("the client is there");
    await registry.update(before, { ...before, client: { ...before.client, scopes: ["openid"] } }, []);
    const fresh = openIsolate();
    expectOAuthError(await refresh(fresh, app, first.refresh_token), "invalid_scope", 400);
    expectOAuthError(await refresh(fresh, app, first.refresh_token), "invalid_grant", 400);
    expect((await refresh(fresh, other, bystander.refresh_token)).status).toBe(200);
  });
});

it("no access token outlives what its revocation is announced for, also when the setting was raised since", async () => {
  const [app, user] = await Promise.all([registerApp(), registerUser()]);
  const { accounts } = isolate.parts.issuer;
  const planted = await plantCode(isolate, user, app);
  const redeemCode = accounts.redeemCode.bind(accounts);
  vi.spyOn(accounts, "redeemCode").mockImplementation(async (...call) => {
    const outcome = await redeemCode(...call);
    return outcome.kind === "granted" ? { ...outcome, grant: { ...outcome.grant, accessMs: 300_000 } } : outcome;
  });
  const told = await redeem(isolate, app, planted);
  const { iat = 0, exp = 0 } = decodeJwt(String(told.json.access_token));
  expect([told.json.expires_in, exp - iat]).toEqual([300, 300]);
});

it("RFC 7009 2.2: a token that is dead already, presented again and again, makes nobody wait for the feed", async () => {
  const [app, user] = await Promise.all([registerApp(), registerUser()]);
  const { refresh_token: token } = await signIn(isolate, user, app);
  const expire = vi.spyOn(isolate.revocations, "expire");
  const revoke = async () => {
    const body = new URLSearchParams({ token: String(token) });
    const headers = { authorization: `Basic ${btoa(`${app.id}:${app.secret}`)}` };
    return (await isolate.fetch("/oauth2/revoke", { method: "POST", body, headers })).status;
  };
  expect([await revoke(), expire.mock.calls.length], "something ended").toEqual([200, 1]);
  expect([await revoke(), expire.mock.calls.length], "nothing was left to end").toEqual([200, 1]);
});
