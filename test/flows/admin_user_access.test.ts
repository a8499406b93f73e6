import { runDurableObjectAlarm } from "cloudflare:test";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { remoteAccounts } from "../../src/adapters/remote/accounts.ts";
import { need } from "../../src/bindings.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { RecordingEvents } from "../support/account_world.ts";
import { type AdminCaller, adminCaller, migrate } from "../support/admin_world.ts";
import { RecordingFeed } from "../support/courier_world.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import { refresh, registerApp, signIn } from "../support/grant_world.ts";
import { ACCESS_MS } from "../support/grants.ts";
import { bindings, openIsolate, type RegisteredClient, registerClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { openPages } from "../support/pages_world.ts";
import { rewire } from "../support/rewired_object.ts";

captureLogs();
const isolate = openIsolate();
const pages = openPages();
let admin: AdminCaller;
let app: RegisteredClient;

beforeAll(async () => {
  await migrate();
  [admin, app] = await Promise.all([adminCaller(), registerApp()]);
});

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ from: "origin" }));
});

/** A person with a cookie, a refresh token and an access token. */
async function person(wishes: Partial<UserRecord> = {}) {
  const user = await pages.someone(wishes);
  const tab = pages.browser();
  await tab.signIn(user.email, pages.password);
  const tokens = await signIn(isolate, user, app, { terms: { sessionId: null } });
  /** What still opens something: the cookie, the access token; and the refresh token, which is spent by looking. */
  const open = async (at = openIsolate()) => ({
    cookie: (await tab.go("/account")).status === 200,
    access: (await at.fetch("/orders", { headers: { authorization: `Bearer ${tokens.access_token}` } })).status === 200,
  });
  return { user, tab, tokens, open, refreshed: () => refresh(isolate, app, tokens.refresh_token) };
}

const OPEN = { cookie: true, access: true };
const SHUT = { cookie: false, access: false };

describe("V7.4.2, V7.4.5: what an operator ends is dead", () => {
  it.each([
    ["disabling", "PATCH", "", { disabled: true }, 200],
    ["deleting", "DELETE", "", undefined, 204],
    ["ending every session", "DELETE", "/sessions", undefined, 204],
    ["taking a role away", "PATCH", "", { roles: [] }, 200],
  ] as const)(
    "%s ends cookie, access token and refresh token of that user, and of nobody else",
    async (_name, method, path, body, status) => {
      const [target, bystander] = [await person({ roles: ["staff"] }), await person()];
      const warm = openIsolate();
      expect([await target.open(warm), await bystander.open(warm)]).toEqual([OPEN, OPEN]);
      expect((await admin.call(method, `/users/${target.user.id}${path}`, body)).status).toBe(status);
      expect(await target.open()).toEqual(SHUT);
      expectOAuthError(await target.refreshed(), "invalid_grant");
      const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 3_001);
      expect((await target.open(warm)).access, "an isolate that was warm, after the feed's bound").toBe(false);
      clock.mockRestore();
      expect(await bystander.open()).toEqual(OPEN);
      expect((await bystander.refreshed()).status).toBe(200);
    },
  );

  it("a disabled user cannot sign in until enabled; an ended session is just that", async () => {
    const { user } = await person();
    const lands = async () => (await pages.browser().signIn(user.email, pages.password)).headers.get("location");
    await admin.call("DELETE", `/users/${user.id}/sessions`);
    expect(await lands()).toBe("/account");
    await admin.call("PATCH", `/users/${user.id}`, { disabled: true });
    expect(await lands()).not.toBe("/account");
    await admin.call("PATCH", `/users/${user.id}`, { disabled: false });
    expect(await lands()).toBe("/account");
  });

  it("giving a role ends nothing", async () => {
    const { user, open, refreshed } = await person();
    expect((await admin.call("PATCH", `/users/${user.id}`, { roles: ["staff"] })).status).toBe(200);
    expect(await open()).toEqual(OPEN);
    expect((await refreshed()).status).toBe(200);
  });
});

describe("users/:id/sessions", () => {
  it("lists browsers without what opens them, and ends one of them", async () => {
    const { user, tab, open } = await person();
    const other = pages.browser();
    vi.setSystemTime(Date.now() + 1_000);
    await other.signIn(user.email, pages.password);
    const listed = await admin.call("GET", `/users/${user.id}/sessions`);
    expect([listed.status, listed.json.data.length]).toEqual([200, 2]);
    expect(listed.json.data[0]).toMatchObject({ id: expect.stringMatching(/^ses_/), amr: ["pwd"] });
    for (const value of tab.jar.values()) expect(listed.text).not.toContain(value);
    expect(listed.text).not.toMatch(/hash|secret|sps_/);
    const oldest = listed.json.data.toSorted((a, b) => (String(a.auth_time) < String(b.auth_time) ? -1 : 1))[0];
    const path = `/users/${user.id}/sessions/${oldest?.id}`;
    expect((await admin.call("DELETE", path)).status).toBe(204);
    expect((await admin.call("DELETE", path)).json.code).toBe("not_found");
    expect((await open()).cookie).toBe(false);
    expect((await other.go("/account")).status).toBe(200);
  });

  it("another user's session is not found, and lives", async () => {
    const [one, two] = [await person(), await person()];
    const { data } = (await admin.call("GET", `/users/${two.user.id}/sessions`)).json;
    const told = await admin.call("DELETE", `/users/${one.user.id}/sessions/${data[0]?.id}`);
    expect(told.status).toBe(404);
    expect(await two.open()).toEqual(OPEN);
  });

  it.each(["nope", "__proto__", "grt_0000000000000000000000", "%00"])("no session is called %s", async (id) => {
    const { user } = await person();
    expect((await admin.call("DELETE", `/users/${user.id}/sessions/${id}`)).status).toBe(404);
  });
});

describe("users/:id/grants", () => {
  it("lists what clients hold, and ends one grant: refresh token and access token, not the cookie", async () => {
    const { user, open, refreshed, tokens } = await person();
    const kept = await signIn(isolate, user, app, { terms: { sessionId: null } });
    const listed = await admin.call("GET", `/users/${user.id}/grants`);
    expect([listed.status, listed.json.data.length]).toEqual([200, 2]);
    const claims = JSON.parse(
      atob(String(tokens.access_token).split(".")[1]?.replace(/-/g, "+").replace(/_/g, "/") ?? ""),
    );
    const grant = listed.json.data.find(({ id }) => id === claims.grant_id);
    expect(grant).toMatchObject({ client_id: app.id, resource: null, scopes: expect.arrayContaining(["orders:read"]) });
    const path = `/users/${user.id}/grants/${grant?.id}`;
    expect((await admin.call("DELETE", path)).status).toBe(204);
    expect((await admin.call("DELETE", path)).json.code).toBe("not_found");
    expect(await open()).toEqual({ cookie: true, access: false });
    expectOAuthError(await refreshed(), "invalid_grant");
    expect((await refresh(isolate, app, kept.refresh_token)).status).toBe(200);
  });

  it("another user's grant is not found, and lives", async () => {
    const [one, two] = [await person(), await person()];
    const { data } = (await admin.call("GET", `/users/${two.user.id}/grants`)).json;
    expect((await admin.call("DELETE", `/users/${one.user.id}/grants/${data[0]?.id}`)).status).toBe(404);
    expect(await two.open()).toEqual(OPEN);
  });
});

describe("DESIGN 4: while gates cannot be told", () => {
  /** The account of `user` with a feed that fails. */
  async function cutOff({ id }: UserRecord) {
    const stub = need(bindings, "ACCOUNTS").getByName(id);
    const [feed, events] = [new RecordingFeed(), new RecordingEvents()];
    feed.fails = true;
    await rewire(stub, { feed, events, clients: { notify: async () => "done" }, longestTokenMs: ACCESS_MS });
    return { stub, feed };
  }

  it.each([
    ["PATCH", "", { disabled: true }],
    ["PATCH", "", { roles: [] }],
    ["DELETE", "", undefined],
    ["DELETE", "/sessions", undefined],
    ["DELETE", "/grants/:id", undefined],
  ] as const)(
    "%s /users/:id%s is 202 with the same body, and the account's alarm delivers",
    async (method, path, body) => {
      const user = await pages.someone({ roles: ["staff"] });
      // The wiring has to be there before the object's first work.
      const { stub, feed } = await cutOff(user);
      await signIn(isolate, user, app, { terms: { sessionId: null } });
      const accounts = remoteAccounts((of) => need(bindings, "ACCOUNTS").getByName(of));
      const [grant] = await accounts.listGrants(user.id, Date.now());
      const told = await admin.call(method, `/users/${user.id}${path.replace(":id", String(grant?.grantId))}`, body);
      expect(told.status, told.text).toBe(202);
      if (method === "PATCH") expect(told.json).toMatchObject({ id: user.id, ...body });
      expect(feed.told).toEqual([]);
      feed.fails = false;
      await runDurableObjectAlarm(stub);
      expect(feed.told.length).toBeGreaterThan(0);
    },
  );

  it("an account that cannot be reached is 503, and nothing is said to have changed", async () => {
    const down = () => Promise.reject(new Error("down"));
    const { people } = admin.parts;
    const accounts = remoteAccounts(() => ({ ...people.accounts, setBlocked: down, endEverything: down }));
    const cut = await adminCaller({ people: { ...people, accounts } });
    const { user, open } = await person();
    for (const [method, path, body] of [
      ["PATCH", "", { disabled: true }],
      ["DELETE", "", undefined],
      ["DELETE", "/sessions", undefined],
    ] as const) {
      const told = await cut.call(method, `/users/${user.id}${path}`, body);
      expect([told.status, told.json.code]).toEqual([503, "temporarily_unavailable"]);
    }
    expect(await open()).toEqual(OPEN);
    expect((await admin.call("GET", `/users/${user.id}`)).json).toMatchObject({ disabled: false });
  });
});

describe("the isolate that ended something", () => {
  it("knows at once that its picture of the feed is old; an act that ends nothing leaves it alone", async () => {
    const { revocations } = admin.parts;
    const expire = vi.fn(() => revocations.expire());
    const watched = await adminCaller({ revocations: { view: revocations.view.bind(revocations), expire } });
    const { user } = await person({ roles: ["staff"] });
    const { data: sessions } = (await watched.call("GET", `/users/${user.id}/sessions`)).json;
    const { data: grants } = (await watched.call("GET", `/users/${user.id}/grants`)).json;
    await watched.call("POST", `/users/${user.id}/password-reset`);
    expect(expire).not.toHaveBeenCalled();
    const acts = [
      ["DELETE", `/grants/${grants[0]?.id}`],
      ["DELETE", `/sessions/${sessions[0]?.id}`],
      ["DELETE", "/sessions"],
      ["PATCH", "", { disabled: true }],
      ["DELETE", ""],
    ] as const;
    for (const [method, path, body] of acts) {
      expire.mockClear();
      expect((await watched.call(method, `/users/${user.id}${path}`, body)).status, path).toBeLessThan(300);
      expect(expire, `${method} ${path}`).toHaveBeenCalled();
    }
  });
});

describe("V8.4.2, API5: real tokens of people and of machines open none of it", () => {
  const ROUTES = [
    ["GET", "/users"],
    ["POST", "/users"],
    ["GET", "/users/:id"],
    ["PATCH", "/users/:id"],
    ["DELETE", "/users/:id"],
    ["POST", "/users/:id/password-reset"],
    ["GET", "/users/:id/sessions"],
    ["DELETE", "/users/:id/sessions"],
    ["DELETE", "/users/:id/sessions/ses_0000000000000000000001"],
    ["GET", "/users/:id/grants"],
    ["DELETE", "/users/:id/grants/grt_0000000000000000000001"],
    ["GET", "/users/:id/security-events"],
    ["GET", "/mails"],
  ] as const;
  it.each(ROUTES)("%s %s", async (method, path) => {
    const { user, tokens, tab, open } = await person();
    const target = path.replace(":id", user.id);
    const machine = await registerClient();
    const { json } = await isolate.fetch("/oauth2/token", {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${machine.id}:${machine.secret}`)}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
    expect(json.access_token).toBeTypeOf("string");
    const cookie = [...tab.jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const body = method === "GET" ? undefined : {};
    const statuses = await Promise.all(
      [
        { authorization: "", cookie },
        { authorization: `Bearer ${tokens.access_token}` },
        { authorization: `Bearer ${tokens.refresh_token}` },
        { authorization: `Bearer ${json.access_token}` },
      ].map(async (headers) => (await admin.call(method, target, body, headers)).status),
    );
    expect(statuses).toEqual([401, 401, 401, 401]);
    expect(await open()).toEqual(OPEN);
  });
});
