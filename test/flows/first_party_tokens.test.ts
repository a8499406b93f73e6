import { decodeJwt } from "jose";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { need } from "../../src/bindings.ts";
import { changeUser } from "../../src/managing/change_user.ts";
import type { GrantLifetimes } from "../../src/ports/accounts.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { breakable } from "../support/breakable.ts";
import { databaseWithout } from "../support/broken_database.ts";
import { expectProblem } from "../support/expect_problem.ts";
import { openFirstParty, ownApp, ownServer, someone } from "../support/first_party_world.ts";
import { newSecret, refresh as refreshAtTokenEndpoint } from "../support/grant_world.ts";
import { bindings, migrate, type RegisteredClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

const world = openFirstParty();
const logs = captureLogs();
let app: RegisteredClient;
let other: RegisteredClient;

beforeAll(async () => {
  await migrate();
  [app, other] = await Promise.all([ownApp(), ownApp()]);
});

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ from: "origin" }));
});

type Tokens = Readonly<Record<string, unknown>>;

/** A fresh person, so that what ends one test's account ends no other's. */
async function begin(lifetimes: Partial<GrantLifetimes> = {}): Promise<[Tokens, UserRecord]> {
  const user = await someone();
  const told = await openFirstParty({ lifetimes }).login(app, user.email);
  expect(told.status).toBe(200);
  return [told.json, user];
}

function lastReason(event: string): unknown {
  return logs.events(event).at(-1)?.reason;
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

describe("POST /auth/refresh: the refresh token grant, RFC 6749 6 and RFC 9700 4.14.2", () => {
  it("rotates: new tokens of the same grant", async () => {
    const [first, user] = await begin();
    const told = await world.refresh(app, first.refresh_token);
    expect([told.status, told.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(told.json).toMatchObject({ token_type: "Bearer", expires_in: 900, scope: first.scope });
    expect(told.json.refresh_token).not.toBe(first.refresh_token);
    const [before, now] = [decodeJwt(String(first.access_token)), decodeJwt(String(told.json.access_token))];
    expect([now.sub, now.grant_id, now.jti === before.jti]).toEqual([user.id, before.grant_id, false]);
    expect(await world.atGate(told.json.access_token)).toBe(200);
    const line = { path: "/auth/refresh", client_id: app.id, user_id: user.id, grant_id: now.grant_id };
    expect(logs.events("token_issued")).toEqual([expect.objectContaining(line)]);
  });

  it("a lost answer is given again within 10 s, and 20 at once get one successor", async () => {
    const [first] = await begin();
    const told = await Promise.all(Array.from({ length: 20 }, () => world.refresh(app, first.refresh_token)));
    expect(told.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const again = await later(9_000, () => world.refresh(app, first.refresh_token));
    expect(new Set([...told, again].map(({ json }) => json.refresh_token)).size).toBe(1);
    expect(logs.events("token_issued").at(-1)).toMatchObject({ retried: true });
    expect((await world.refresh(app, again.json.refresh_token)).status).toBe(200);
  });

  it("reuse ends everything of the user, here and at the gate, and nothing of anybody else", async () => {
    const [first, user] = await begin();
    const [bystander] = await begin();
    const elsewhere = (await world.login(other, user.email)).json;
    const second = await world.refresh(app, first.refresh_token);
    expectProblem(await later(10_001, () => world.refresh(app, first.refresh_token)), 400, "invalid_grant");
    const line = { reason: "refresh_reused", ended: "user", user_id: user.id, client_id: app.id };
    expect(logs.events("grant_token_reused")).toEqual([expect.objectContaining(line)]);
    expectProblem(await world.refresh(app, second.json.refresh_token), 400, "invalid_grant");
    expectProblem(await world.refresh(other, elsewhere.refresh_token), 400, "invalid_grant");
    for (const token of [first.access_token, second.json.access_token, elsewhere.access_token]) {
      expect(await world.atGate(token)).toBe(401);
    }
    expect(await world.atGate(bystander.access_token)).toBe(200);
    expect((await world.refresh(app, bystander.refresh_token)).status).toBe(200);
  });

  it("onReuse grant: the grant alone ends", async () => {
    const [first, user] = await begin({ onReuse: "grant" });
    const elsewhere = (await world.login(other, user.email)).json;
    await world.refresh(app, first.refresh_token);
    expectProblem(await later(10_001, () => world.refresh(app, first.refresh_token)), 400, "invalid_grant");
    expect((await world.refresh(other, elsewhere.refresh_token)).status).toBe(200);
  });

  it("what was never issued, or to another client, changes nothing", async () => {
    const [first] = await begin();
    const [locator = ""] = String(first.refresh_token).split(".");
    for (const token of ["garbage", "spr_AAAA", `${locator}.${newSecret()}`, String(first.access_token)]) {
      expectProblem(await world.refresh(app, token), 400, "invalid_grant");
    }
    expectProblem(await world.refresh(other, first.refresh_token), 400, "invalid_grant");
    expect(lastReason("token_refused")).toBe("refresh_of_another_client");
    expect(logs.events("grant_token_reused")).toEqual([]);
    expect((await world.refresh(app, first.refresh_token)).status).toBe(200);
  });

  it("idle and absolute ends", async () => {
    const lifetimes = { refreshIdleMs: 60_000, refreshAbsoluteMs: 100_000 };
    const [idle] = await begin(lifetimes);
    expectProblem(await later(60_001, () => world.refresh(app, idle.refresh_token)), 400, "invalid_grant");
    expect(lastReason("token_refused")).toBe("refresh_idle");
    const [slid] = await begin(lifetimes);
    const second = await later(55_000, () => world.refresh(app, slid.refresh_token));
    expect(second.status).toBe(200);
    expectProblem(await later(100_001, () => world.refresh(app, second.json.refresh_token)), 400, "invalid_grant");
    expect(lastReason("token_refused")).toBe("grant_ended");
  });

  it("a disabled user and a changed password end it", async () => {
    const [disabled, user] = await begin();
    await changeUser(user.id, { disabled: true }, world.people, Date.now());
    expectProblem(await world.refresh(app, disabled.refresh_token), 400, "invalid_grant");
    const [changed, owner] = await begin();
    await world.people.accounts.endEverything(owner.id, "password_changed", null, Date.now());
    expectProblem(await world.refresh(app, changed.refresh_token), 400, "invalid_grant");
    expect((await world.login(app, owner.email)).status).toBe(200);
  });

  it("a confidential client proves itself each time", async () => {
    const server = await ownServer();
    const user = await someone();
    const mine = { client_secret: server.secret };
    const { json } = await world.login(server, user.email, undefined, mine);
    expectProblem(await world.refresh(server, json.refresh_token), 401, "invalid_client");
    expectProblem(await world.refresh(server, json.refresh_token, { client_secret: "wrong" }), 401, "invalid_client");
    expect((await world.refresh(server, json.refresh_token, mine)).status).toBe(200);
  });

  it("a refresh token works at either endpoint, in one chain", async () => {
    const [first] = await begin();
    const second = await refreshAtTokenEndpoint(world.isolate, app, first.refresh_token);
    expect(second.status).toBe(200);
    const third = await world.refresh(app, second.json.refresh_token);
    expect(third.status).toBe(200);
    const reused = await refreshAtTokenEndpoint(world.isolate, app, first.refresh_token);
    expect([reused.status, reused.json.error]).toEqual([400, "invalid_grant"]);
    expectProblem(await world.refresh(app, third.json.refresh_token), 400, "invalid_grant");
  });

  it("the directory out of reach, and the account has no copy of roles: 503, and the same token works afterwards", async () => {
    const [first, user] = await begin();
    await world.people.accounts.forgetRoles(user.id, Date.now());
    const half = openFirstParty({ bindings: { DB: databaseWithout("users") } });
    expectProblem(await half.refresh(app, first.refresh_token), 503, "temporarily_unavailable");
    expect((await world.refresh(app, first.refresh_token)).status).toBe(200);
  });
});

describe("POST /auth/logout", () => {
  it("ends the grant: its tokens are dead here and at the gate, others live", async () => {
    const [first, user] = await begin();
    const elsewhere = (await world.login(other, user.email)).json;
    expect(await world.atGate(first.access_token)).toBe(200);
    const told = await world.logout(app, first.refresh_token);
    expect([told.status, told.text, told.headers.get("cache-control")]).toEqual([204, "", "no-store"]);
    const line = { outcome: "logged_out", client_id: app.id, path: "/auth/logout", pending: false };
    expect(logs.events("signed_out")).toEqual([expect.objectContaining(line)]);
    expectProblem(await world.refresh(app, first.refresh_token), 400, "invalid_grant");
    expect(lastReason("token_refused")).toBe("grant_revoked");
    expect(await world.atGate(first.access_token)).toBe(401);
    expect(await world.atGate(elsewhere.access_token)).toBe(200);
    expect((await world.refresh(other, elsewhere.refresh_token)).status).toBe(200);
  });

  it("by a token that was rotated since: an app that lost an answer can log out", async () => {
    const [first] = await begin();
    const second = await world.refresh(app, first.refresh_token);
    expect((await world.logout(app, first.refresh_token)).status).toBe(204);
    expectProblem(await world.refresh(app, second.json.refresh_token), 400, "invalid_grant");
  });

  it("twice, of nothing, or of another client's token: 204, and nothing ends", async () => {
    const [first] = await begin();
    const [locator = ""] = String(first.refresh_token).split(".");
    const outcomes: unknown[] = [];
    for (const token of ["garbage", "spr_AAAA", `${locator}.${newSecret()}`, String(first.access_token)]) {
      expect((await world.logout(app, token)).status).toBe(204);
      outcomes.push(logs.events("signed_out").at(-1)?.outcome);
    }
    expect(new Set(outcomes)).toEqual(new Set(["nothing_to_end"]));
    expect((await world.logout(other, first.refresh_token)).status).toBe(204);
    expect(logs.events("signed_out").at(-1)).toMatchObject({ outcome: "token_of_another_client", client_id: other.id });
    const second = await world.refresh(app, first.refresh_token);
    expect(second.status).toBe(200);
    for (let at = 0; at < 2; at++) expect((await world.logout(app, second.json.refresh_token)).status).toBe(204);
    expect(logs.events("signed_out").at(-1)).toMatchObject({ outcome: "nothing_to_end" });
    expectProblem(await world.refresh(app, second.json.refresh_token), 400, "invalid_grant");
  });

  it("a confidential client proves itself; without that nothing ends", async () => {
    const server = await ownServer();
    const user = await someone();
    const mine = { client_secret: server.secret };
    const { json } = await world.login(server, user.email, undefined, mine);
    expectProblem(await world.logout(server, json.refresh_token), 401, "invalid_client");
    expect(logs.events("sign_out_refused").at(-1)).toMatchObject({ reason: "method_not_registered" });
    expect(await world.atGate(json.access_token)).toBe(200);
    expect((await world.logout(server, json.refresh_token, mine)).status).toBe(204);
    expect(await world.atGate(json.access_token)).toBe(401);
  });

  it("the account out of reach: 503, never a 204 that ended nothing", async () => {
    const [first] = await begin();
    const accounts = breakable(need(bindings, "ACCOUNTS"));
    const half = openFirstParty({ bindings: { ACCOUNTS: accounts.binding } });
    accounts.health = "failing";
    expectProblem(await half.logout(app, first.refresh_token), 503, "temporarily_unavailable");
    accounts.health = "well";
    expect(await half.atGate(first.access_token)).toBe(200);
    expect((await half.logout(app, first.refresh_token)).status).toBe(204);
    expect(await half.atGate(first.access_token)).toBe(401);
  });
});
