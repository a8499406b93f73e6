import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Environment } from "../../src/bindings.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { install } from "../support/install.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";
import { SITEVERIFY, serveTurnstile, TURNSTILE_SECRET, type TurnstileStandIn } from "../support/turnstile.ts";

const logs = captureLogs();
const network = stubNetwork();
const env: Environment = { ...{ MAIL_FROM: null }, ...{ TURNSTILE_SECRET: secret(TURNSTILE_SECRET) } };
let ring: ForgeKey;
let turnstile: TurnstileStandIn;

beforeAll(async () => {
  ring = await ringKey();
});

beforeEach(() => {
  vi.setSystemTime(Date.now());
  turnstile = serveTurnstile(network);
});

afterEach(() => {
  vi.useRealTimers();
});

type Route = ConfigInput["routes"][number];

function captchaConfig(captcha: Partial<NonNullable<ConfigInput["captcha"]>> = {}): ConfigInput {
  const config = gatewayConfig();
  const route = (path: string, more: Partial<Route>): Route => ({ path, methods: ["GET"], origin: "main", ...more });
  return {
    ...config,
    captcha: {
      siteKey: "0x4AAAsite",
      secretBinding: "TURNSTILE_SECRET",
      hostnames: ["app.example.com"],
      ...captcha,
    },
    lists: { odd: { action: "challenge", reason: "odd", expires: "never", ranges: ["198.51.100.0/24"] } },
    routes: [
      ...config.routes,
      route("/once", { captcha: {} }),
      route("/remembered", { captcha: { action: "transfer", rememberSeconds: 60 } }),
      route("/open", { public: true, captcha: { onUnavailable: "allow", rememberSeconds: 60 } }),
      route("/challenged", { public: true, lists: ["odd"] }),
    ],
  };
}

const installed = (captcha = {}) => install({ env, config: captchaConfig(captcha) });
const proof = (text: string) => ({ "sallyport-captcha": secret(text) });

describe("a route that asks for a person", () => {
  it("says what to solve and where the proof goes; a proof lets one call pass and no second", async () => {
    const gate = installed();
    const caller = bearer(await token(ring));
    const refused = await gate.fetch("/once", { headers: caller });
    expect(refused.status).toBe(403);
    expect(await problemOf(refused)).toEqual({
      type: "urn:sallyport:problem:captcha_required",
      title: "Forbidden",
      status: 403,
      detail: "a person has to solve a challenge",
      code: "captcha_required",
      captcha: { provider: "turnstile", site_key: "0x4AAAsite", action: "gateway", header: "Sallyport-Captcha" },
    });
    expect(logs.lastDecision).toMatchObject({ reason: "captcha_missing", captcha: "captcha_missing" });
    const solved = turnstile.solve();
    const passed = await gate.fetch("/once", { headers: { ...caller, ...proof(solved) } });
    expect(passed.status).toBe(200);
    expect(passed.headers.has("sallyport-clearance")).toBe(false);
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", captcha: "solved" });
    expect(turnstile.asked).toEqual([{ secret: TURNSTILE_SECRET, response: solved }]);
    expect(network.originCalls[0]?.headers.has("sallyport-captcha")).toBe(false);
    expect((await gate.fetch("/once", { headers: { ...caller, ...proof(solved) } })).status).toBe(403);
    expect(logs.lastDecision).toMatchObject({ reason: "captcha_spent" });
    expect(turnstile.asked).toHaveLength(1);
  });

  it("attack: one token shown many times at once, to one isolate and to several, lets one call pass", async () => {
    const gates = [installed(), installed(), installed()];
    const headers = { ...bearer(await token(ring)), ...proof(turnstile.solve()) };
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => gates[index % gates.length]?.fetch("/once", { headers })),
    );
    expect(answers.map((answer) => answer?.status).toSorted()).toEqual([200, ...Array(11).fill(403)]);
    expect(turnstile.asked).toHaveLength(gates.length);
  });

  it.each([
    ["for another action", { action: "login" }, "captcha_other_action"],
    ["on another site", { hostname: "evil.example" }, "captcha_other_site"],
    ["on a site that ends alike", { hostname: "app.example.com.evil.example" }, "captcha_other_site"],
  ])("attack: a token solved %s is worth nothing", async (_, solved, reason) => {
    const gate = installed();
    const headers = { ...bearer(await token(ring)), ...proof(turnstile.solve(solved)) };
    const refused = await gate.fetch("/once", { headers });
    expect(refused.status).toBe(403);
    expect(await problemOf(refused)).toMatchObject({ code: "captcha_required", detail: expect.any(String) });
    expect(logs.lastDecision).toMatchObject({ reason });
    expect(network.originCalls).toEqual([]);
  });

  it.each(["", "a b", "ü", "x".repeat(2_049), "'; --"])(
    "what is no token (%j) is not even asked about",
    async (text) => {
      const gate = installed();
      const headers = { ...bearer(await token(ring)), "sallyport-captcha": encodeURIComponent(text) };
      expect((await gate.fetch("/once", { headers })).status).toBe(403);
      expect(logs.lastDecision).toMatchObject({ reason: "captcha_malformed" });
      expect(turnstile.asked).toEqual([]);
    },
  );

  it("who is not let in anyway never has the service asked", async () => {
    const gate = installed();
    expect((await gate.fetch("/once", { headers: proof(turnstile.solve()) })).status).toBe(401);
    expect((await gate.fetch("/once", { headers: { ...bearer("nothing"), ...proof(turnstile.solve()) } })).status).toBe(
      401,
    );
    expect(turnstile.asked).toEqual([]);
  });

  it("attack: made-up tokens are counted against the address, as made-up credentials are", async () => {
    const config = captchaConfig();
    const gate = install({
      env,
      config: { ...config, gateway: { ...config.gateway, failedAuthenticationsPerMinute: 3 } },
    });
    const send = () => gate.fetch("/open", { headers: { "cf-connecting-ip": "192.0.2.9", ...proof("made-up") } });
    const seen = [];
    for (let count = 0; count < 5; count++) seen.push((await send()).status);
    expect(seen).toEqual([403, 403, 403, 429, 429]);
    expect(turnstile.asked.length).toBeLessThanOrEqual(3);
  });

  it("the address goes to the service where the setting says so", async () => {
    const gate = installed({ sendAddress: true });
    const headers = { ...bearer(await token(ring)), ...proof(turnstile.solve()), "cf-connecting-ip": "2001:db8::7" };
    expect((await gate.fetch("/once", { headers })).status).toBe(200);
    expect(turnstile.asked).toMatchObject([{ remoteip: "2001:db8::7" }]);
  });
});

describe("a clearance", () => {
  const at = (address: string) => ({ "cf-connecting-ip": address });

  it("counts for its principal, address, action and time alone, in every isolate", async () => {
    const [one, other] = [installed(), installed()];
    const caller = { ...bearer(await token(ring)), ...at("192.0.2.1") };
    const solved = { ...caller, ...proof(turnstile.solve({ action: "transfer" })) };
    const first = await one.fetch("/remembered", { headers: solved });
    expect(first.status).toBe(200);
    expect(first.headers.get("cache-control")).toBe("no-store, private");
    const clearance = { "sallyport-clearance": secret(first.headers.get("sallyport-clearance") ?? "") };
    const again = await other.fetch("/remembered", { headers: { ...caller, ...clearance } });
    expect(again.status).toBe(200);
    expect(again.headers.has("sallyport-clearance")).toBe(false);
    expect(logs.lastDecision).toMatchObject({ captcha: "remembered" });
    expect(network.originCalls.at(-1)?.headers.has("sallyport-clearance")).toBe(false);
    expect(turnstile.asked).toHaveLength(1);
    const stranger = { ...bearer(await token(ring)), ...at("192.0.2.1") };
    for (const headers of [stranger, { ...caller, ...at("192.0.2.2") }]) {
      expect((await other.fetch("/remembered", { headers: { ...headers, ...clearance } })).status).toBe(403);
    }
    expect((await other.fetch("/once", { headers: { ...caller, ...clearance } })).status).toBe(403);
    vi.setSystemTime(Date.now() + 59_999);
    expect((await other.fetch("/remembered", { headers: { ...caller, ...clearance } })).status).toBe(200);
    vi.setSystemTime(Date.now() + 1);
    expect((await other.fetch("/remembered", { headers: { ...caller, ...clearance } })).status).toBe(403);
    expect(logs.lastDecision).toMatchObject({ reason: "captcha_missing" });
  });

  it("attack: a clearance that was changed, or moved in time, is none", async () => {
    const gate = installed();
    const first = await gate.fetch("/open", { headers: { ...at("192.0.2.1"), ...proof(turnstile.solve()) } });
    const [time = "", mac = ""] = (first.headers.get("sallyport-clearance") ?? "").split(".");
    const later = (Number.parseInt(time, 36) + 1_000).toString(36);
    for (const text of [`${later}.${mac}`, `${time}.${mac.slice(0, -1)}`, `${time}.${"A".repeat(43)}`, time, "", "."]) {
      const headers = { ...at("192.0.2.1"), "sallyport-clearance": text };
      expect((await gate.fetch("/open", { headers })).status, text).toBe(403);
    }
  });
});

describe("a list that challenges", () => {
  it("asks whoever is on it, and nobody else", async () => {
    const gate = installed();
    const from = (address: string, more = {}) =>
      gate.fetch("/challenged", { headers: { "cf-connecting-ip": address, ...more } });
    expect((await from("192.0.2.1")).status).toBe(200);
    expect((await from("198.51.100.7")).status).toBe(403);
    expect(logs.lastDecision).toMatchObject({
      reason: "captcha_missing",
      lists: ["odd challenge 198.51.100.0/24: odd"],
    });
    const passed = await from("198.51.100.7", proof(turnstile.solve()));
    expect(passed.status).toBe(200);
    const clearance = { "sallyport-clearance": passed.headers.get("sallyport-clearance") ?? "" };
    expect((await from("198.51.100.7", clearance)).status).toBe(200);
    expect((await from("198.51.100.8", clearance)).status).toBe(403);
  });
});

describe("the service down, slow, lying or huge", () => {
  const answers: [string, () => Response | Promise<Response>][] = [
    ["down", () => Promise.reject(new TypeError("down"))],
    ["500", () => new Response("no", { status: 500 })],
    ["too many requests", () => Response.json({ success: true }, { status: 429 })],
    ["not JSON", () => new Response("<html>", { headers: { "content-type": "application/json" } })],
    ["another type", () => new Response('{"success":true}', { headers: { "content-type": "text/html" } })],
    ["a redirect", () => new Response(null, { status: 302, headers: { location: "https://evil.example/" } })],
    ["huge", () => Response.json({ success: true, padding: "x".repeat(20_000) })],
    ["no answer's shape", () => Response.json({ success: "true" })],
    ["a list", () => Response.json([true])],
    ["its own fault", () => Response.json({ success: false, "error-codes": ["internal-error"] })],
    ["silent", () => new Promise<Response>(() => undefined)],
  ];

  it.each(answers)("%s: denied where nothing else is said, let through where that is", async (_, server) => {
    const gate = installed({ deadlineMs: 100 });
    network.serve(SITEVERIFY, server);
    vi.useRealTimers();
    const caller = bearer(await token(ring));
    const refused = await gate.fetch("/once", { headers: { ...caller, ...proof("0.some-token") } });
    expect(refused.status).toBe(503);
    expect(refused.headers.has("retry-after")).toBe(true);
    expect(await problemOf(refused)).toMatchObject({ code: "temporarily_unavailable" });
    expect(logs.lastDecision).toMatchObject({ reason: "captcha_unavailable" });
    const open = await gate.fetch("/open", { headers: { "sallyport-captcha": "unavailable" } });
    expect(open.status).toBe(200);
    expect(open.headers.has("sallyport-clearance")).toBe(false);
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", captcha: "captcha_unavailable" });
    expect((await gate.fetch("/open")).status, "without a word nobody is asked").toBe(403);
  });

  const success = { success: true, action: "gateway", hostname: "app.example.com" };

  it.each([
    ["success with a fault beside it", { ...success, "error-codes": ["bad-request"] }, "captcha_rejected"],
    ["success for another action", { ...success, action: "other" }, "captcha_other_action"],
    ["success without a site", { ...success, hostname: undefined }, "captcha_other_site"],
    ["success without a time", { ...success, challenge_ts: undefined }, "captcha_stale"],
    ["success of last week", { ...success, challenge_ts: "2020-01-01T00:00:00Z" }, "captcha_stale"],
    [
      "a secret that it does not know",
      { success: false, "error-codes": ["invalid-input-secret"] },
      "captcha_not_judged",
    ],
  ])("%s: denied, also where an outage is let through", async (_, body, reason) => {
    const gate = installed();
    const headers = proof("0.some-token");
    const whole = { challenge_ts: new Date().toISOString(), ...body };
    network.serve(SITEVERIFY, () => Response.json(whole));
    expect((await gate.fetch("/open", { headers })).status).toBe(403);
    expect(logs.lastDecision).toMatchObject({ reason });
    network.serve(SITEVERIFY, () => Response.json({ challenge_ts: new Date().toISOString(), ...success }));
    expect((await gate.fetch("/open", { headers: proof("0.other-token") })).status, "positive control").toBe(200);
  });

  it("attack: a token that the service will not read is no outage", async () => {
    const gate = installed();
    network.serve(SITEVERIFY, () => new Response("bad request", { status: 400 }));
    expect((await gate.fetch("/open", { headers: proof("0.some-token") })).status).toBe(403);
    expect(logs.lastDecision).toMatchObject({ reason: "captcha_not_judged" });
  });

  it("once it is back, the token that was lost on the way can be shown again", async () => {
    const gate = installed();
    const headers = { ...bearer(await token(ring)), ...proof(turnstile.solve()) };
    turnstile.isDown = true;
    expect((await gate.fetch("/once", { headers })).status).toBe(503);
    turnstile.isDown = false;
    expect((await gate.fetch("/once", { headers })).status).toBe(200);
  });
});
