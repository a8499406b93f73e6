import { env } from "cloudflare:workers";
import { decodeJwt } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { need, readBindings } from "../../src/bindings.ts";
import { DEVICE_CODE_GRANT } from "../../src/protocol/grant_types.ts";
import { breakable } from "../support/breakable.ts";
import { databaseWithout } from "../support/broken_database.ts";
import { decide, openDevices, registerDeviceClient, type TestDevice, typeCode } from "../support/device_world.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import { newSecret, refresh, registerPublicApp } from "../support/grant_world.ts";
import { API, ISSUER_URL, migrate, type RegisteredClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { basic, postForm } from "../support/token_requests.ts";

const world = openDevices();
const { ask, device, poll, signedIn, someone, accounts, isolate } = world;
const logs = captureLogs();
let tv: RegisteredClient;
let box: RegisteredClient;

beforeAll(async () => {
  await migrate();
  tv = await registerDeviceClient();
  box = await registerDeviceClient({ authMethods: ["none"], secrets: [] }).then((made) => ({ ...made, secret: "" }));
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Lets time go by, from now on or from the last time it was called. */
function later(ms: number): void {
  const nowMs = Date.now() + ms;
  vi.spyOn(Date, "now").mockReturnValue(nowMs);
}

/** A device that somebody let in, and who. */
async function letIn(client = tv, form?: Parameters<typeof device>[1]) {
  const user = await someone();
  const tab = await signedIn(user);
  const waiting = await device(client, form);
  const told = await decide(tab, waiting, "allow");
  expect(told.headers.get("location")).toBe("/device/connected");
  return { device: waiting, user, tab };
}

function lastReason(): unknown {
  return logs.events("token_refused").at(-1)?.reason;
}

describe("RFC 8628 3.1, 3.2: a device begins", () => {
  it.each(["confidential", "public"])("a %s client: this answer, never cached", async (kind) => {
    const told = await ask(kind === "public" ? box : tv, { scope: "openid orders:read" });
    expect(told.status).toBe(200);
    expect(told.headers.get("cache-control")).toBe("no-store");
    expect(told.headers.get("content-type")).toBe("application/json");
    expect(told.json).toEqual({
      device_code: expect.stringMatching(/^spd_[\w-]{64}\.[\w-]{43}$/),
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
      verification_uri: `${ISSUER_URL}/device`,
      verification_uri_complete: `${ISSUER_URL}/device?user_code=${told.json.user_code}`,
      expires_in: 600,
      interval: 5,
    });
    const who = { client_id: (kind === "public" ? box : tv).id, scopes: ["openid", "orders:read"] };
    expect(logs.events("device_authorization_begun")).toMatchObject([who]);
  });

  it.each<[string, Parameters<typeof ask>[1], string]>([
    ["a scope that the client may not have", { scope: "admin" }, "invalid_scope"],
    ["a scope that is none", { scope: 'a"b' }, "invalid_scope"],
    ["an API that is not there", { resource: "https://elsewhere.example/" }, "invalid_target"],
    ["two APIs", { resource: [API, "https://elsewhere.example/"] }, "invalid_target"],
  ])("%s is refused", async (_, form, code) => {
    expectOAuthError(await ask(tv, form), code);
    expect((await ask(tv)).status).toBe(200);
  });

  it("who the client is, is asked as at the token endpoint", async () => {
    expectOAuthError(await ask({ id: tv.id, secret: newSecret() }), "invalid_client");
    expectOAuthError(await ask({ id: tv.id, secret: "" }), "invalid_client");
    expectOAuthError(await postForm(isolate, "/oauth2/device_authorization", {}), "invalid_client");
    expectOAuthError(await ask(await registerDeviceClient({ disabled: true })), "invalid_client");
    expectOAuthError(await ask(await registerPublicApp()), "unauthorized_client");
  });

  it("by POST alone, as a form, with nothing of it in the URL; scripts of any site may", async () => {
    const path = "/oauth2/device_authorization";
    expectOAuthError(await isolate.fetch(path), "invalid_request", 405);
    const inQuery = await postForm(isolate, `${path}?client_id=${box.id}`, {});
    expectOAuthError(inQuery, "invalid_request");
    const json = await postForm(isolate, path, "{}", { "content-type": "application/json" });
    expectOAuthError(json, "invalid_request");
    const preflight = await isolate.fetch(path, {
      method: "OPTIONS",
      headers: { origin: "https://spa.example", "access-control-request-method": "POST" },
    });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
    expect(preflight.headers.has("access-control-allow-credentials")).toBe(false);
  });

  it("OpenID Connect Core 11: offline_access is nothing to a client without refresh tokens", async () => {
    const client = await registerDeviceClient({ grantTypes: [DEVICE_CODE_GRANT] });
    const { device: waiting } = await letIn(client, { scope: "openid offline_access orders:read" });
    const told = await poll(waiting);
    expect(told.json.scope).toBe("openid orders:read");
    expect(told.json).not.toHaveProperty("refresh_token");
    expectOAuthError(await ask(client, { scope: "offline_access" }), "invalid_scope");
  });
});

describe("RFC 8628 3.5: a device that is let in", () => {
  it.each(["confidential", "public"])("a %s client gets the person's tokens, and goes on with them", async (kind) => {
    const { device: waiting, user } = await letIn(kind === "public" ? box : tv);
    const told = await poll(waiting);
    expect(told.status).toBe(200);
    expect(told.headers.get("cache-control")).toBe("no-store");
    expect(told.json).toEqual({
      access_token: expect.any(String),
      token_type: "Bearer",
      expires_in: 900,
      refresh_token: expect.stringMatching(/^spr_/),
      id_token: expect.any(String),
      scope: "openid orders:read",
    });
    const access = decodeJwt(String(told.json.access_token));
    expect(access).toMatchObject({ sub: user.id, client_id: waiting.client.id, aud: [ISSUER_URL, API] });
    const id = decodeJwt(String(told.json.id_token));
    expect(id).toMatchObject({ sub: user.id, aud: waiting.client.id, amr: ["pwd"], auth_time: expect.any(Number) });
    expect([id.nonce, id.sid]).toEqual([undefined, undefined]);
    const [decided] = logs.events("device_decided");
    expect(decided).toMatchObject({ outcome: "approved", user_id: user.id, grant_id: access.grant_id });
    expect((await refresh(isolate, waiting.client, told.json.refresh_token)).status).toBe(200);
  });

  it("the API that was named, and no other at the token endpoint; asking for too much spends nothing", async () => {
    const { device: waiting } = await letIn(tv, { scope: "orders:read", resource: API });
    const other = { resource: "https://elsewhere.example/" };
    expectOAuthError(await poll(waiting, tv, other), "invalid_target");
    const told = await poll(waiting, tv, { resource: API });
    expect(decodeJwt(String(told.json.access_token)).aud).toBe(API);
  });

  it("20 polls at once: one token set, which lives; the others are invalid_grant and end nothing", async () => {
    const { device: waiting } = await letIn();
    const told = await Promise.all(Array.from({ length: 20 }, () => poll(waiting)));
    const winners = told.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    for (const loser of told.filter(({ status }) => status !== 200)) expectOAuthError(loser, "invalid_grant");
    later(60_000);
    expectOAuthError(await poll(waiting), "invalid_grant");
    expect(lastReason()).toBe("device_code_spent");
    expect((await refresh(isolate, tv, winners[0]?.json.refresh_token)).status).toBe(200);
  });
});

describe("RFC 8628 3.5: a device that is not", () => {
  it("authorization_pending, then slow_down when it hurries, by five seconds each time, and they stay", async () => {
    const waiting = await device(tv);
    later(0);
    expectOAuthError(await poll(waiting), "authorization_pending");
    later(1_000);
    expectOAuthError(await poll(waiting), "slow_down");
    later(5_000);
    expectOAuthError(await poll(waiting), "slow_down");
    later(15_000);
    expectOAuthError(await poll(waiting), "authorization_pending");
    later(15_000);
    expectOAuthError(await poll(waiting), "authorization_pending");
    later(10_000);
    expectOAuthError(await poll(waiting), "slow_down");
  });

  it("access_denied after a denial, each time; anything but `allow` is one", async () => {
    for (const decision of ["deny", "", "ALLOW"]) {
      const waiting = await device(tv);
      const told = await decide(await signedIn(), waiting, decision);
      expect(told.headers.get("location")).toBe("/device/denied");
      expectOAuthError(await poll(waiting), "access_denied");
      expectOAuthError(await poll(waiting), "access_denied");
    }
  });

  it("expired_token from the end on, also for what was approved and not collected", async () => {
    // The clock stands from the beginning: approving takes its time, and would come out of the last second.
    later(0);
    const [waiting, { device: approved }] = [await device(tv), await letIn()];
    later(599_000);
    expectOAuthError(await poll(waiting), "authorization_pending");
    later(1_000);
    expectOAuthError(await poll(waiting), "expired_token");
    later(1_000);
    expectOAuthError(await poll(approved), "expired_token");
  });

  it.each<[string, (waiting: TestDevice) => string, string]>([
    ["another secret", ({ deviceCode }) => `${deviceCode.slice(0, -43)}${newSecret()}`, "device_code_unknown"],
    [
      "another locator",
      ({ deviceCode }) => deviceCode.replace(/^spd_./, (start) => (start === "spd_A" ? "spd_B" : "spd_A")),
      "device_code_malformed",
    ],
    ["the user code", ({ userCode }) => userCode, "device_code_malformed"],
    ["a code of the code flow", ({ deviceCode }) => deviceCode.replace("spd_", "spc_"), "device_code_malformed"],
  ])("%s is invalid_grant, and the right one still works", async (_, change, reason) => {
    const { device: approved } = await letIn();
    expectOAuthError(await poll({ ...approved, deviceCode: change(approved) }), "invalid_grant");
    expect(lastReason()).toBe(reason);
    expect((await poll(approved)).status).toBe(200);
  });

  it("another client gets nothing, slows nobody down and spends nothing", async () => {
    const waiting = await device(tv);
    for (const other of [box, await registerDeviceClient()]) {
      expectOAuthError(await poll(waiting, other), "invalid_grant");
      expect(lastReason()).toBe("device_code_of_another_client");
    }
    expectOAuthError(await poll(waiting), "authorization_pending");
    await decide(await signedIn(), waiting, "allow");
    expectOAuthError(await poll(waiting, box), "invalid_grant");
    expect((await poll(waiting)).status).toBe(200);
  });

  it("no code, a code in the URL, a client without the grant", async () => {
    const { device: approved } = await letIn();
    expectOAuthError(await poll({ ...approved, deviceCode: "" }), "invalid_request");
    const form = { grant_type: DEVICE_CODE_GRANT };
    const path = `/oauth2/token?device_code=${approved.deviceCode}`;
    expectOAuthError(await postForm(isolate, path, form, { authorization: basic(tv) }), "invalid_request");
    expectOAuthError(await poll(approved, await registerPublicApp()), "unauthorized_client");
    expect((await poll(approved)).status).toBe(200);
  });
});

describe("what ends a grant ends it between its approval and its collection", () => {
  type Approved = Awaited<ReturnType<typeof letIn>>;
  it.each<[string, (approved: Approved) => Promise<unknown>]>([
    ["a new password", ({ user }) => accounts.endEverything(user.id, "password_changed", null, Date.now())],
    ["access withdrawn", ({ user }) => accounts.endGrantsOf(user.id, tv.id, Date.now())],
    ["the account blocked", ({ user }) => accounts.setBlocked(user.id, true, "disabled", Date.now())],
  ])("%s", async (_, end) => {
    const approved = await letIn();
    await end(approved);
    expectOAuthError(await poll(approved.device), "invalid_grant");
    expect((await poll((await letIn()).device)).status, "control").toBe(200);
  });

  it("but not the browser's sign-out: the device is another place", async () => {
    const { device: approved, tab } = await letIn();
    const out = await tab.submit("/account", "/account/sign-out", {});
    expect(out.headers.get("location")).toBe("/account/signed-out");
    const told = await poll(approved);
    expect(told.status).toBe(200);
    expect((await refresh(isolate, tv, told.json.refresh_token)).status).toBe(200);
  });
});

describe("outages", () => {
  it("without the devices' objects: 503, and afterwards the code is as good as before", async () => {
    const broken = breakable(need(readBindings(env), "DEVICES"));
    const {
      ask: askBroken,
      poll: pollBroken,
      signedIn: signedInThere,
    } = openDevices({ bindings: { DEVICES: broken.binding } });
    const { device: approved } = await letIn();
    const tab = await signedInThere();
    broken.health = "failing";
    expectOAuthError(await pollBroken(approved), "temporarily_unavailable", 503);
    expectOAuthError(await askBroken(tv), "temporarily_unavailable", 503);
    const page = await typeCode(tab, approved.userCode);
    expect([page.status, page.headers.get("retry-after")]).toEqual([503, "2"]);
    expect((await poll(approved)).status).toBe(200);
  });

  it("without the directory of users nothing is spent", async () => {
    const { device: approved } = await letIn();
    const { poll: pollBroken } = openDevices({ bindings: { DB: databaseWithout("users") } });
    expectOAuthError(await pollBroken(approved), "temporarily_unavailable", 503);
    expect((await poll(approved)).status).toBe(200);
  });
});
