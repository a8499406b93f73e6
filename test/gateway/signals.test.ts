import { env as bindings } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Environment, readBindings } from "../../src/bindings.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { breakable } from "../support/breakable.ts";
import { bearer, claims, type ForgeKey, newKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { type Installation, install } from "../support/install.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";
import { serveTurnstile, TURNSTILE_SECRET } from "../support/turnstile.ts";

const START = Date.parse("2026-11-04T00:00:00Z");
const MINUTE = 60_000;
const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});
beforeEach(() => {
  vi.setSystemTime(START);
});
afterEach(() => {
  vi.useRealTimers();
});

type Signals = NonNullable<ConfigInput["signals"]>;

function watching(signals: Signals, more: Partial<ConfigInput> = {}): ConfigInput {
  const config = gatewayConfig();
  const get = { methods: ["GET" as const], origin: "main" };
  return {
    ...config,
    ...more,
    signals,
    routes: [
      ...config.routes,
      { ...get, path: "/watched", signals: true },
      { ...get, path: "/watched/writing", signals: true, scopes: ["orders:write"] },
      { ...get, path: "/watched/managers", signals: true, roles: ["nobody"] },
    ],
  };
}

const DENY: Signals = { newCountry: { action: "deny", learnSeconds: 60 } };

/** Calls from `country`, and waits for what goes on behind the answer. */
async function call(gate: Installation, caller: Record<string, string>, country: string, path = "/watched") {
  const response = await gate.fetch(path, { headers: caller, cf: { country } });
  await gate.settled();
  return response;
}

/** A caller with a history in Austria, after the time of learning. */
async function resident(gate: Installation) {
  const caller = bearer(await token(ring));
  expect((await call(gate, caller, "AT")).status).toBe(200);
  vi.setSystemTime(Date.now() + 2 * MINUTE);
  expect((await call(gate, caller, "AT")).status).toBe(200);
  return caller;
}

describe("signals at the gate", () => {
  it("a new country acts from the next call on, there alone, and ends by itself; the caller hears nothing of it", async () => {
    const gate = install({ config: watching({ ...DENY, cooldownSeconds: 300 }) });
    const caller = await resident(gate);
    expect((await call(gate, caller, "BR")).status, "the first call is on its way before anything is known").toBe(200);
    const refused = await call(gate, caller, "BR");
    expect(refused.status).toBe(403);
    expect(await problemOf(refused)).toEqual({
      type: "urn:sallyport:problem:not_allowed",
      title: "Forbidden",
      status: 403,
      code: "not_allowed",
    });
    expect(logs.lastDecision).toMatchObject({ reason: "signal", signals: ["new_country deny: BR, known: AT"] });
    expect((await call(gate, caller, "AT")).status, "at home nothing is odd").toBe(200);
    expect(logs.lastDecision).not.toHaveProperty("signals");
    vi.setSystemTime(Date.now() + 5 * MINUTE);
    expect((await call(gate, caller, "BR")).status).toBe(200);
    expect((await call(gate, caller, "BR")).status).toBe(200);
  });

  it("acts in every isolate, from the second call there on", async () => {
    const config = watching(DENY);
    const [one, other] = [install({ config }), install({ config })];
    const caller = await resident(one);
    await call(one, caller, "BR");
    expect((await call(other, caller, "BR")).status).toBe(200);
    expect(logs.lastDecision).toMatchObject({ signals: ["unknown"] });
    expect((await call(other, caller, "BR")).status).toBe(403);
  });

  it("`log` writes down and stops nobody", async () => {
    const gate = install({ config: watching({ newCountry: { learnSeconds: 60 } }) });
    const caller = await resident(gate);
    await call(gate, caller, "BR");
    expect((await call(gate, caller, "BR")).status).toBe(200);
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", signals: ["new_country log: BR, known: AT"] });
  });

  it("`challenge` asks for a person; a proof from before the signal does not answer it", async () => {
    const env: Environment = { ...{ MAIL_FROM: null }, ...{ TURNSTILE_SECRET: secret(TURNSTILE_SECRET) } };
    const captcha = { siteKey: "0x4", secretBinding: "TURNSTILE_SECRET", hostnames: ["app.example.com"] };
    const gate = install({
      env,
      config: watching({ newCountry: { action: "challenge", learnSeconds: 60 } }, { captcha }),
    });
    const turnstile = serveTurnstile(network);
    const caller = await resident(gate);
    await call(gate, caller, "BR");
    const refused = await call(gate, caller, "BR");
    expect(await problemOf(refused)).toMatchObject({ code: "captcha_required" });
    const solved = await call(gate, { ...caller, "sallyport-captcha": turnstile.solve() }, "BR");
    expect(solved.status).toBe(200);
    const clearance = { "sallyport-clearance": solved.headers.get("sallyport-clearance") ?? "" };
    expect((await call(gate, { ...caller, ...clearance }, "BR")).status).toBe(200);
    vi.setSystemTime(Date.now() + 1_000);
    await call(gate, { ...caller, ...clearance }, "JP");
    expect((await call(gate, { ...caller, ...clearance }, "JP")).status).toBe(403);
    expect(logs.lastDecision).toMatchObject({ reason: "captcha_missing" });
  });

  it("errors in a row raise, whoever makes them: the gate's own 403 and the origin's 404", async () => {
    const gate = install({ config: watching({ errors: { action: "deny", least: 10 }, cooldownSeconds: 60 }) });
    const caller = bearer(await token(ring, { scope: "orders:read" }));
    network.origin(() => new Response("no", { status: 404 }));
    for (let count = 0; count < 5; count++) await call(gate, caller, "AT", "/watched/managers");
    for (let count = 0; count < 5; count++) await call(gate, caller, "AT");
    vi.setSystemTime(Date.now() + 10_000);
    await call(gate, caller, "AT");
    expect((await call(gate, caller, "AT")).status).toBe(403);
    expect(logs.lastDecision.signals).toEqual([expect.stringMatching(/^error_burst deny: 1\d errors of 1\d calls$/)]);
    vi.setSystemTime(Date.now() + 3 * MINUTE);
    expect((await call(gate, caller, "AT")).status, "what it refused itself does not keep it up").toBe(404);
  });

  it("attack: nothing that is not proven counts for anybody", async () => {
    const gate = install({ config: watching({ ...DENY, errors: { action: "deny", least: 5 } }) });
    const sub = "usr_victim000000000000000";
    const victim = claims({ sub });
    const caller = bearer(await token(ring, victim));
    await call(gate, caller, "AT");
    vi.setSystemTime(Date.now() + 2 * MINUTE);
    const forged = bearer(await token(await newKey("ES256"), claims({ sub })));
    const expired = bearer(await token(ring, claims({ sub, exp: Math.floor(Date.now() / 1000) - 3_600 })));
    for (let count = 0; count < 20; count++) {
      expect((await call(gate, forged, "BR")).status).toBe(401);
      expect((await call(gate, expired, "BR")).status).toBe(401);
      await call(gate, {}, "BR");
    }
    await call(gate, bearer(await token(ring)), "BR");
    const fresh = bearer(await token(ring, claims({ sub })));
    expect((await call(gate, fresh, "AT")).status).toBe(200);
    expect((await call(gate, fresh, "AT")).status).toBe(200);
    expect(logs.lastDecision).not.toHaveProperty("signals");
  });

  it("without the platform's word on places nothing is odd about them", async () => {
    const gate = install({ config: watching(DENY) });
    const caller = await resident(gate);
    for (let count = 0; count < 3; count++) {
      expect((await gate.fetch("/watched", { headers: { ...caller, "cf-ipcountry": "BR" } })).status).toBe(200);
      await gate.settled();
    }
  });

  it("a route that does not look knows nothing of it", () => {
    const { routes } = install({ config: watching(DENY) }).authorizer.gateway.gate;
    expect(routes.match("GET", ["whoami"])).toMatchObject({ route: { signals: null, captcha: null, lists: null } });
  });
});

describe("the store of signals down", () => {
  function withStore(signals: Signals) {
    const store = breakable(readBindings(bindings).SIGNALS as DurableObjectNamespace);
    const env = { ...{ MAIL_FROM: null }, SIGNALS: store.binding } as Environment;
    return { store, gate: install({ env, config: watching(signals) }) };
  }

  it("calls go on, the log says that nothing is known, and the outage is told", async () => {
    const { store, gate } = withStore(DENY);
    store.health = "failing";
    const caller = bearer(await token(ring));
    expect((await call(gate, caller, "AT")).status).toBe(200);
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", signals: ["unknown"] });
    expect(logs.events("signals_lost")).toMatchObject([{ principals: 1 }]);
  });

  it("`onUnknown: deny` waits for it where this isolate knows nothing, and denies while it cannot be had", async () => {
    const { store, gate } = withStore({ ...DENY, onUnknown: "deny" });
    const caller = bearer(await token(ring));
    expect((await call(gate, caller, "AT")).status).toBe(200);
    expect(logs.lastDecision).not.toHaveProperty("signals");
    store.health = "failing";
    expect((await call(gate, caller, "AT")).status, "what is known is known").toBe(200);
    vi.setSystemTime(Date.now() + 2 * MINUTE);
    const refused = await call(gate, caller, "AT");
    expect(refused.status).toBe(503);
    expect(logs.lastDecision).toMatchObject({ reason: "signals_unavailable" });
    store.health = "well";
    expect((await call(gate, caller, "AT")).status).toBe(200);
  });

  it("a warm call asks the store nothing", async () => {
    const { store, gate } = withStore({ ...DENY, onUnknown: "deny" });
    const caller = bearer(await token(ring));
    await call(gate, caller, "AT");
    const { calls } = store;
    for (let count = 0; count < 5; count++) await call(gate, caller, "AT");
    expect(store.calls).toBe(calls);
  });
});
