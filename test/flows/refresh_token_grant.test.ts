import { decodeJwt } from "jose";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { D1Users } from "../../src/adapters/d1/users.ts";
import { changeUser } from "../../src/managing/change_user.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { databaseWithout } from "../support/broken_database.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import { newSecret, refresh, registerApp, registerPublicApp, registerUser, signIn } from "../support/grant_world.ts";
import { API, backstage, migrate, openIsolate, type RegisteredClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

const GRANTED = "openid email offline_access orders:read orders:write";
const isolate = openIsolate();
const management = { users: new D1Users(backstage.db), accounts: isolate.parts.issuer.accounts };
const logs = captureLogs();
let app: RegisteredClient;
let publicApp: RegisteredClient;

beforeAll(async () => {
  await migrate();
  [app, publicApp] = await Promise.all([registerApp(), registerPublicApp()]);
});

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ from: "origin" }));
});

/** A fresh person, so that what ends one test's account ends no other's. */
async function begin(
  client = app,
  wishes: Parameters<typeof signIn>[3] = {},
): Promise<[Record<string, unknown>, UserRecord]> {
  const user = await registerUser();
  return [await signIn(isolate, user, client, wishes), user];
}

async function atGate(token: unknown, at = isolate): Promise<number> {
  return (await at.fetch("/orders", { headers: { authorization: `Bearer ${String(token)}` } })).status;
}

function lastReason(): unknown {
  return logs.events("token_refused").at(-1)?.reason;
}

/** Runs `work` as if `ms` had gone by. */
async function later<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + ms);
  try {
    return await work();
  } finally {
    clock.mockRestore();
  }
}

describe("RFC 6749 6, RFC 9700 4.14.2: a refresh token is rotated", () => {
  it.each(["confidential", "public"])("a %s client gets new tokens of the same grant", async (kind) => {
    const client = kind === "public" ? publicApp : app;
    const [first, user] = await begin(client);
    const told = await refresh(isolate, client, first.refresh_token);
    expect([told.status, told.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(told.json).toMatchObject({ token_type: "Bearer", expires_in: 900, scope: GRANTED });
    expect(told.json.refresh_token).not.toBe(first.refresh_token);
    const [before, now] = [decodeJwt(String(first.access_token)), decodeJwt(String(told.json.access_token))];
    expect([now.sub, now.grant_id, now.jti === before.jti]).toEqual([user.id, before.grant_id, false]);
    expect([await atGate(first.access_token), await atGate(told.json.access_token)]).toEqual([200, 200]);
  });

  it("a chain of ten goes on, each link once", async () => {
    const [first] = await begin();
    const seen = new Set([first.refresh_token]);
    let token = first.refresh_token;
    for (let at = 0; at < 10; at++) {
      token = (await refresh(isolate, app, token)).json.refresh_token;
      seen.add(token);
    }
    expect(seen.size).toBe(11);
  });

  it("roles are those of now, not those of the sign-in", async () => {
    const [first, user] = await begin();
    await changeUser(user.id, { roles: ["manager"] }, management, Date.now());
    const told = await refresh(isolate, app, first.refresh_token);
    expect(decodeJwt(String(told.json.access_token)).roles).toEqual(["manager"]);
  });

  it("OpenID Connect Core 12.2: the new ID token has the old auth_time and no nonce", async () => {
    const [first] = await begin();
    const told = await refresh(isolate, app, first.refresh_token);
    const [before, now] = [decodeJwt(String(first.id_token)), decodeJwt(String(told.json.id_token))];
    expect(before.nonce).toBe("the-nonce");
    expect(now.nonce).toBeUndefined();
    for (const claim of ["iss", "sub", "aud", "azp", "auth_time", "sid"])
      expect(now[claim], claim).toEqual(before[claim]);
  });
});

describe("a lost answer is given again", () => {
  it("within 10 s: the same refresh token, another access token, both live", async () => {
    const [first] = await begin();
    const lost = await refresh(isolate, app, first.refresh_token);
    const again = await later(9_000, () => refresh(isolate, app, first.refresh_token));
    expect(again.json.refresh_token).toBe(lost.json.refresh_token);
    expect(again.json.access_token).not.toBe(lost.json.access_token);
    expect(logs.events("token_issued").at(-1)).toMatchObject({ retried: true });
    const tokens = [lost, again].map(({ json }) => json.access_token);
    expect(await later(9_000, () => Promise.all(tokens.map((token) => atGate(token))))).toEqual([200, 200]);
    expect((await refresh(isolate, app, again.json.refresh_token)).status).toBe(200);
  });

  it("20 at once all get one successor, and it works", async () => {
    const [first] = await begin(publicApp);
    const told = await Promise.all(Array.from({ length: 20 }, () => refresh(isolate, publicApp, first.refresh_token)));
    expect(told.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(new Set(told.map(({ json }) => json.refresh_token)).size).toBe(1);
    expect((await refresh(isolate, publicApp, told[0]?.json.refresh_token)).status).toBe(200);
  });

  it("the directory out of reach, and the account has no copy of roles: 503, and the same token works afterwards", async () => {
    const [first, user] = await begin();
    await management.accounts.forgetRoles(user.id, Date.now());
    const half = openIsolate({ bindings: { DB: databaseWithout("users") } });
    expectOAuthError(await refresh(half, app, first.refresh_token), "temporarily_unavailable", 503);
    expect((await refresh(isolate, app, first.refresh_token)).status).toBe(200);
  });
});

describe("RFC 9700 4.14.2: a refresh token that comes back is theft", () => {
  it.each<[string, number, Record<string, string>]>([
    ["after 10 s", 10_001, {}],
    ["asking for something else", 0, { scope: "orders:read" }],
  ])("%s: everything of the user ends", async (_, ms, parameters) => {
    const [first, user] = await begin();
    const other = await signIn(isolate, user, publicApp);
    const [bystander] = await begin();
    const second = await refresh(isolate, app, first.refresh_token);
    const warm = openIsolate();
    expect(await atGate(second.json.access_token, warm)).toBe(200);
    expectOAuthError(await later(ms, () => refresh(isolate, app, first.refresh_token, parameters)), "invalid_grant");
    expect(logs.events("grant_token_reused").at(-1)).toMatchObject({
      reason: "refresh_reused",
      ended: "user",
      user_id: user.id,
      client_id: app.id,
    });
    expectOAuthError(await refresh(isolate, app, second.json.refresh_token), "invalid_grant");
    expectOAuthError(await refresh(isolate, publicApp, other.refresh_token), "invalid_grant");
    const dead = [first.access_token, second.json.access_token, other.access_token];
    for (const token of dead) expect(await atGate(token)).toBe(401);
    // A warm isolate hears of it within the feed's bound.
    expect(await later(3_001, () => atGate(second.json.access_token, warm))).toBe(401);
    expect(await atGate(bystander.access_token)).toBe(200);
    expect((await refresh(isolate, app, bystander.refresh_token)).status).toBe(200);
  });

  it("once its successor was used, at once", async () => {
    const [first] = await begin();
    const second = await refresh(isolate, app, first.refresh_token);
    const third = await refresh(isolate, app, second.json.refresh_token);
    expectOAuthError(await refresh(isolate, app, first.refresh_token), "invalid_grant");
    expectOAuthError(await refresh(isolate, app, third.json.refresh_token), "invalid_grant");
  });

  it("onReuse grant: the grant alone ends", async () => {
    const user = await registerUser();
    const first = await signIn(isolate, user, app, { lifetimes: { onReuse: "grant" } });
    const other = await signIn(isolate, user, publicApp);
    const second = await refresh(isolate, app, first.refresh_token);
    expectOAuthError(await later(10_001, () => refresh(isolate, app, first.refresh_token)), "invalid_grant");
    expectOAuthError(await refresh(isolate, app, second.json.refresh_token), "invalid_grant");
    expect([await atGate(second.json.access_token), await atGate(other.access_token)]).toEqual([401, 200]);
    expect((await refresh(isolate, publicApp, other.refresh_token)).status).toBe(200);
  });

  it("what the grant never issued is no theft: garbage behind a real locator changes nothing", async () => {
    const [first] = await begin();
    const [locator = ""] = String(first.refresh_token).split(".");
    for (const token of ["garbage", "spr_AAAA", `${locator}.${newSecret()}`, `${locator}x.${newSecret()}`]) {
      expectOAuthError(await refresh(isolate, app, token), "invalid_grant");
    }
    expect(logs.events("grant_token_reused")).toEqual([]);
    expect((await refresh(isolate, app, first.refresh_token)).status).toBe(200);
  });
});

describe("RFC 6749 6: a refresh token is bound", () => {
  it("to its client: with another's authentication invalid_grant, and the family lives", async () => {
    const [first] = await begin();
    for (const other of [await registerApp(), publicApp]) {
      expectOAuthError(await refresh(isolate, other, first.refresh_token), "invalid_grant");
      expect(lastReason()).toBe("refresh_of_another_client");
    }
    expectOAuthError(await refresh(isolate, { id: app.id, secret: "wrong" }, first.refresh_token), "invalid_client");
    expectOAuthError(await refresh(isolate, { id: app.id, secret: "" }, first.refresh_token), "invalid_client");
    expect((await refresh(isolate, app, first.refresh_token)).status).toBe(200);
  });

  it("to its times: idle and absolute end", async () => {
    const lifetimes = { refreshIdleMs: 60_000, refreshAbsoluteMs: 100_000 };
    const [idle] = await begin(app, { lifetimes });
    expectOAuthError(await later(60_001, () => refresh(isolate, app, idle.refresh_token)), "invalid_grant");
    expect(lastReason()).toBe("refresh_idle");
    const [slid] = await begin(app, { lifetimes });
    const second = await later(55_000, () => refresh(isolate, app, slid.refresh_token));
    expect(second.json.expires_in).toBeLessThanOrEqual(45);
    expectOAuthError(await later(100_001, () => refresh(isolate, app, second.json.refresh_token)), "invalid_grant");
    expect(lastReason()).toBe("grant_ended");
  });

  it("item 63: to its person, who is disabled", async () => {
    const [first, user] = await begin();
    await changeUser(user.id, { disabled: true }, management, Date.now());
    expectOAuthError(await refresh(isolate, app, first.refresh_token), "invalid_grant");
    expect(lastReason()).toBe("account_blocked");
  });

  it("to its client, while that is disabled: enabled again, it goes on with what its users granted", async () => {
    const paused = await registerApp();
    const [first] = await begin(paused);
    const change = async (disabled: number) => {
      const sql = "UPDATE clients SET disabled = ?, version = version + 1, epoch = epoch + ? WHERE id = ?";
      await backstage.db.prepare(sql).bind(disabled, disabled, paused.id).run();
    };
    await change(1);
    expectOAuthError(await refresh(openIsolate(), paused, first.refresh_token), "invalid_client");
    await change(0);
    expect((await refresh(openIsolate(), paused, first.refresh_token)).status).toBe(200);
  });

  it("to its client's registration: without the grant it is unauthorized_client", async () => {
    const without = await registerApp({ grantTypes: ["authorization_code"] });
    const [first] = await begin(without);
    expectOAuthError(await refresh(isolate, without, first.refresh_token), "unauthorized_client");
  });

  it("no refresh_token is invalid_request", async () => {
    expectOAuthError(await refresh(isolate, app, ""), "invalid_request");
  });
});

describe("RFC 6749 6, RFC 8707 2.2: narrower, never wider", () => {
  it("less scope for one access token, and the next refresh has all of it again", async () => {
    const [first] = await begin();
    const narrow = await refresh(isolate, app, first.refresh_token, { scope: "orders:read" });
    expect([narrow.json.scope, narrow.json.id_token]).toEqual(["orders:read", undefined]);
    expect(decodeJwt(String(narrow.json.access_token)).scope).toBe("orders:read");
    const whole = await refresh(isolate, app, narrow.json.refresh_token);
    expect(whole.json.scope).toBe(GRANTED);
  });

  it("the scope comes back in the words in which it was asked", async () => {
    const [first] = await begin();
    const scope = GRANTED.split(" ").reverse().join(" ");
    expect((await refresh(isolate, app, first.refresh_token, { scope })).json.scope).toBe(scope);
  });

  it("more scope is invalid_scope, another API invalid_target, and the refresh token is not lost", async () => {
    const [first] = await begin();
    for (const scope of ["openid profile", "admin", "nothing:known", '"']) {
      expectOAuthError(await refresh(isolate, app, first.refresh_token, { scope }), "invalid_scope");
    }
    for (const resource of ["https://evil.example/", "/orders", `${API}orders`]) {
      expectOAuthError(await refresh(isolate, app, first.refresh_token, { resource }), "invalid_target");
    }
    const told = await refresh(isolate, app, first.refresh_token, { resource: API });
    expect(decodeJwt(String(told.json.access_token)).aud).toBe(API);
  });

  it("what a client lost since is gone from its grants", async () => {
    const losing = await registerApp();
    const [first] = await begin(losing);
    await backstage.db
      .prepare("UPDATE clients SET scopes = ?, version = version + 1 WHERE id = ?")
      .bind('["openid","orders:read"]', losing.id)
      .run();
    const told = await refresh(openIsolate(), losing, first.refresh_token);
    expect(told.json.scope).toBe("openid orders:read");
  });
});
