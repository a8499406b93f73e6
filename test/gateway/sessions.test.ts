// Long because what a session opens and all that ends it is tried with a person who really signed in.
import { env } from "cloudflare:workers";
import { decodeJwt } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { remoteAccounts } from "../../src/adapters/remote/accounts.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { changeUser } from "../../src/managing/change_user.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { GATEWAY_URL } from "../support/gateway_config.ts";
import type { Installation } from "../support/install.ts";
import { migrate } from "../support/issuer_world.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { openPeople } from "../support/people_world.ts";
import { problemOf } from "../support/refused.ts";
import { ACTING, SESSION_COOKIE, SessionBrowser, sessionConfig, sessionGate } from "../support/session_gate.ts";

const logs = captureLogs();
const network = stubNetwork();
const people = openPeople();
let ring: ForgeKey;

beforeAll(async () => {
  await migrate();
  ring = await ringKey();
});

afterEach(() => {
  vi.useRealTimers();
});

const accounts = remoteAccounts((user) => need(readBindings(env), "ACCOUNTS").getByName(user));

/** Somebody who signed in at `gate`. */
async function signedIn(gate: Installation = sessionGate(), changes: Parameters<typeof people.someone>[0] = {}) {
  const user = await people.someone(changes);
  const browser = new SessionBrowser();
  await browser.signIn(gate, user.email, people.password);
  return { gate, user, browser };
}

/** What the origin was told of who called last. */
function identity(): Record<string, unknown> {
  return decodeJwt(network.originCalls.at(-1)?.headers.get("sallyport-identity") ?? "");
}

const LOGIN = `${GATEWAY_URL}/login`;

describe("a session opens a route that takes it", () => {
  it("as its user, with the roles of the directory and the scopes of the configuration, once it is exchanged at the issuer", async () => {
    const { gate, user, browser } = await signedIn(sessionGate(), { roles: ["manager"] });
    const response = await browser.go(gate, "/session/orders");
    expect(response.status).toBe(200);
    expect(identity()).toMatchObject({
      principal: "user",
      sub: user.id,
      sub_iss: GATEWAY_URL,
      client_id: "session",
      scope: "orders:read",
      roles: ["manager"],
      amr: ["pwd"],
      auth_time: expect.closeTo(Date.now() / 1000, -2),
    });
    expect((await browser.go(gate, "/session/managers")).status).toBe(200);
    const [{ id } = { id: "" }] = await accounts.listSessions(user.id, Date.now());
    expect(logs.lastDecision).toMatchObject({
      principal: "user",
      principal_id: user.id,
      credential: "session",
      credential_id: id,
    });
  });

  it("the cookie ends at the gate, and no token comes back", async () => {
    const { gate, browser } = await signedIn();
    const response = await browser.go(gate, "/basket");
    const [call] = network.originCalls;
    expect(call?.headers.get("cookie")).toBeNull();
    expect(JSON.stringify([...(call?.headers ?? [])])).not.toContain("sps_");
    const told = JSON.stringify([...response.headers]) + (await response.text());
    expect(told).not.toMatch(/eyJ|sps_|sallyport-identity/);
    expect(response.headers.get("cache-control")).toBe("no-store, private");
  });

  it("is exchanged once for many calls, also when they come at once", async () => {
    let exchanges = 0;
    const gate = sessionGate({
      reader: (real) => ({
        ...real,
        findSession: (proof) => {
          exchanges += 1;
          return real.findSession(proof);
        },
      }),
    });
    const { browser } = await signedIn(gate);
    const calls = await Promise.all(Array.from({ length: 20 }, () => browser.go(gate, "/basket")));
    expect(calls.map(({ status }) => status)).toEqual(Array(20).fill(200));
    await browser.go(gate, "/basket");
    expect(exchanges).toBe(1);
  });

  it("limits and the rest count as for any user", async () => {
    const { gate, browser } = await signedIn();
    const statuses = [];
    for (let call = 0; call < 6; call++) statuses.push((await browser.go(gate, "/session/limited")).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    expect((await browser.go(gate, "/session/managers")).status).toBe(403);
  });
});

describe("a session counts for nothing", () => {
  it("on a route that does not say so", async () => {
    const { gate, browser } = await signedIn();
    const response = await browser.go(gate, "/bearer-only");
    expect(response.status).toBe(401);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ code: "unauthenticated" });
    expect(problem).not.toHaveProperty("login");
  });

  it("beside an explicit credential, be that good, bad or of a scheme that nobody knows", async () => {
    const { gate, browser } = await signedIn();
    const bad = await browser.go(gate, "/session/orders", { headers: { authorization: "Bearer nonsense" } });
    expect([bad.status, logs.lastDecision.principal]).toEqual([401, null]);
    const basic = await browser.go(gate, "/session/orders", { headers: { authorization: "Basic YTpi" } });
    expect([basic.status, logs.lastDecision.reason]).toEqual([401, "scheme_not_supported"]);
    const key = await storedKey({ scopes: [] });
    const byKey = await browser.go(gate, "/session/key", { headers: { "x-api-key": key.key } });
    expect([byKey.status, logs.lastDecision.principal]).toEqual([200, "api_key"]);
    const badKey = await browser.go(gate, "/session/key", { headers: { "x-api-key": "" } });
    expect(badKey.status).toBe(401);
    const own = await token(ring, { iss: GATEWAY_URL });
    const byToken = await browser.go(gate, "/basket", { method: "POST", headers: bearer(own) });
    expect([byToken.status, logs.lastDecision.credential]).toEqual([200, undefined]);
  });

  it("where others carry the call out, and so could let the cookie go on", async () => {
    const { gate, browser } = await signedIn();
    const headers = [["cookie", `${SESSION_COOKIE}=${browser.session}`]] as const;
    const decision = await gate.authorize({ method: "GET", url: `${GATEWAY_URL}/basket`, headers });
    expect(decision).toMatchObject({ allowed: false, status: 401 });
  });

  it.each<[string, (good: string) => string, string]>([
    ["no cookie", () => "theme=dark", "no_credential"],
    ["garbled", (good) => `${SESSION_COOKIE}=${good.slice(0, -2)}`, "session_malformed"],
    ["another secret", (good) => `${SESSION_COOKIE}=${good.slice(0, -43)}${"A".repeat(43)}`, "session_unknown"],
    ["a made-up locator", (good) => `${SESSION_COOKIE}=sps_${"B".repeat(60)}.${good.slice(-43)}`, "session_unknown"],
    ["a refresh token's prefix", (good) => `${SESSION_COOKIE}=spr_${good.slice(4)}`, "session_malformed"],
    ["twice, the other one first", (good) => `${SESSION_COOKIE}=x; ${SESSION_COOKIE}=${good}`, "no_credential"],
    ["twice the same", (good) => `${SESSION_COOKIE}=${good}; ${SESSION_COOKIE}=${good}`, "no_credential"],
    ["no prefix", (good) => `sallyport_session=${good}`, "no_credential"],
    ["a prefix in lower case", (good) => `__host-sallyport_session=${good}`, "no_credential"],
    ["another prefix", (good) => `__Secure-sallyport_session=${good}`, "no_credential"],
    ["in quotes", (good) => `${SESSION_COOKIE}="${good}"`, "no_credential"],
  ])("%s", async (_, cookie, reason) => {
    const { gate, browser } = await signedIn();
    const response = await gate.fetch("/session/only", { headers: { cookie: cookie(browser.session) } });
    expect(response.status).toBe(401);
    expect(await problemOf(response)).toMatchObject({ login: LOGIN });
    expect(logs.lastDecision.reason).toBe(reason);
    expect(network.originCalls).toEqual([]);
  });

  it("made-up sessions are looked up once each, and cost an address its tries", async () => {
    const config = sessionConfig();
    config.gateway.failedAuthenticationsPerMinute = 2;
    let exchanges = 0;
    const gate = sessionGate({
      config,
      reader: (real) => ({
        ...real,
        findSession: (proof) => {
          exchanges += 1;
          return real.findSession(proof);
        },
      }),
    });
    const { browser } = await signedIn(gate);
    const good = browser.session;
    expect((await browser.go(gate, "/basket")).status).toBe(200);
    const tried = [];
    for (const last of ["A", "A", "Q", "g"]) {
      browser.jar.set(SESSION_COOKIE, `${good.slice(0, -43)}${"A".repeat(42)}${last}`);
      tried.push((await browser.go(gate, "/basket")).status);
    }
    expect([tried, exchanges]).toEqual([[401, 401, 429, 429], 2]);
    browser.jar.set(SESSION_COOKIE, good);
    vi.setSystemTime(Date.now() + 61_000);
    expect((await browser.go(gate, "/basket")).status, "one that was proven before").toBe(200);
  });
});

describe("a session is over at the next call in the isolate where it ended", () => {
  it.each<[string, (gate: Installation, browser: SessionBrowser) => Promise<unknown>]>([
    ["sign-out", (gate, browser) => browser.submit(gate, "/account", "/account/sign-out")],
    ["sign-out everywhere", (gate, browser) => browser.submit(gate, "/account", "/account/sign-out-everywhere")],
  ])("%s", async (_, end) => {
    const { gate, browser } = await signedIn();
    const stolen = { headers: { cookie: `${SESSION_COOKIE}=${browser.session}` } };
    expect((await gate.fetch("/session/only", stolen)).status).toBe(200);
    await end(gate, browser);
    const response = await gate.fetch("/session/only", stolen);
    expect(response.status).toBe(401);
    expect(await problemOf(response)).toMatchObject({ code: "invalid_token", login: LOGIN });
  });

  it("a new sign-in in the same browser, which takes its place", async () => {
    const { gate, user, browser } = await signedIn();
    const before = { headers: { cookie: `${SESSION_COOKIE}=${browser.session}` } };
    expect((await gate.fetch("/session/only", before)).status).toBe(200);
    const stranger = new SessionBrowser();
    const page = await (await stranger.go(gate, "/login")).text();
    const form_token = /name="form_token" value="([^"]*)"/.exec(page)?.[1] ?? "";
    stranger.jar.set(SESSION_COOKIE, browser.session);
    const body = new URLSearchParams({ form_token, email: user.email, password: people.password });
    await stranger.go(gate, "/login", { method: "POST", body, headers: { origin: GATEWAY_URL } });
    expect(stranger.session).not.toBe(browser.session);
    expect((await gate.fetch("/session/only", before)).status).toBe(401);
    expect((await stranger.go(gate, "/session/only")).status).toBe(200);
  });

  it("a changed password ends the others, and the one that changed it goes on", async () => {
    const { gate, user, browser } = await signedIn();
    const other = new SessionBrowser();
    await other.signIn(gate, user.email, people.password);
    for (const tab of [browser, other]) expect((await tab.go(gate, "/session/only")).status).toBe(200);
    const fields = { current_password: people.password, new_password: "brisk lantern orbit quilt" };
    await browser.submit(gate, "/account", "/account/password", fields);
    expect((await other.go(gate, "/session/only")).status).toBe(401);
    expect((await browser.go(gate, "/session/only")).status).toBe(200);
  });

  it.each<[string, (id: Parameters<typeof accounts.epochOf>[0]) => Promise<unknown>]>([
    ["disabled", (id) => changeUser(id, { disabled: true }, { users: people.users, accounts }, Date.now())],
    ["without a role", (id) => changeUser(id, { roles: [] }, { users: people.users, accounts }, Date.now())],
    ["with a password that was reset", (id) => accounts.endEverything(id, "password_reset", null, Date.now())],
    ["deleted", (id) => accounts.setBlocked(id, true, "deleted", Date.now())],
  ])("elsewhere, within the feed's bound: a user who is %s", async (_, end) => {
    const { gate, user, browser } = await signedIn(sessionGate(), { roles: ["manager"] });
    expect((await browser.go(gate, "/session/managers")).status).toBe(200);
    await end(user.id);
    vi.setSystemTime(Date.now() + 3_001);
    const response = await browser.go(gate, "/session/managers");
    expect(response.status).toBe(401);
    expect(network.originCalls).toHaveLength(1);
  });
});

describe("time", () => {
  const short = (sessions: { idleSeconds?: number; absoluteSeconds?: number }) => {
    const config = sessionConfig();
    config.issuer.sessions = sessions;
    return sessionGate({ config });
  };

  it("a session that is not used ends, whatever was answered before", async () => {
    const { gate, browser } = await signedIn(short({ idleSeconds: 20 }));
    expect((await browser.go(gate, "/session/only")).status).toBe(200);
    vi.setSystemTime(Date.now() + 20_001);
    expect((await browser.go(gate, "/session/only")).status).toBe(401);
  });

  it("use at the gate is use; the absolute end stays where it is", async () => {
    const { gate, browser } = await signedIn(short({ idleSeconds: 20, absoluteSeconds: 60 }));
    const startMs = Date.now();
    const statuses = [];
    for (const second of [8, 16, 24, 32, 40, 48, 56, 61]) {
      vi.setSystemTime(startMs + second * 1_000);
      statuses.push((await browser.go(gate, "/session/only")).status);
      await gate.settled();
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 200, 401]);
  });

  it("no identity outlives the session", async () => {
    const { gate, browser } = await signedIn(short({ idleSeconds: 20 }));
    const nowSeconds = Date.now() / 1000;
    await browser.go(gate, "/session/only");
    expect(identity().exp).toBeLessThanOrEqual(nowSeconds + 21);
  });
});

describe("an issuer that cannot be asked", () => {
  it("opens nothing: 503, also for what it vouched for more than a minute ago", async () => {
    let down = false;
    const gate = sessionGate({
      reader: (real) => ({
        ...real,
        findSession: (proof) => (down ? Promise.reject(new Outage("issuer")) : real.findSession(proof)),
      }),
    });
    const { browser } = await signedIn(gate);
    expect((await browser.go(gate, "/basket")).status).toBe(200);
    down = true;
    expect((await browser.go(gate, "/basket")).status, "within the minute").toBe(200);
    vi.setSystemTime(Date.now() + 60_001);
    const response = await browser.go(gate, "/basket", { method: "POST", headers: ACTING });
    expect(response.status).toBe(503);
    expect(network.originCalls).toHaveLength(2);
    down = false;
    expect((await browser.go(gate, "/basket")).status, "it recovers by itself").toBe(200);
  });
});
