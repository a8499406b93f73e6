import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Environment } from "../../src/bindings.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { install } from "../support/install.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { serveTurnstile, TURNSTILE_SECRET, type TurnstileStandIn } from "../support/turnstile.ts";

captureLogs();
const network = stubNetwork();
const env: Environment = { ...{ MAIL_FROM: null }, ...{ TURNSTILE_SECRET: secret(TURNSTILE_SECRET) } };
const proof = (text: string) => ({ "sallyport-captcha": secret(text) });
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

describe("a proof on a call that its limits then refuse", () => {
  const limited = (rememberSeconds: number) => {
    const config = gatewayConfig();
    return install({
      env,
      config: {
        ...config,
        captcha: { siteKey: "0x4AAAsite", secretBinding: "TURNSTILE_SECRET", hostnames: ["app.example.com"] },
        limits: { ...config.limits, rare: { algorithm: "fixed", limit: 1, windowSeconds: 60 } },
        routes: [
          ...config.routes,
          { path: "/rare", methods: ["GET"], origin: "main", limits: ["rare"], captcha: { rememberSeconds } },
        ],
      },
    });
  };
  const nextWindow = () => vi.setSystemTime(Date.now() + 60_000);
  /** A caller whose one call of this window is used up. */
  const spentCaller = async (gate: ReturnType<typeof install>, sub: string) => {
    vi.setSystemTime(Math.ceil(Date.now() / 60_000) * 60_000);
    const caller = bearer(await token(ring, { sub }));
    const call = async (text: string | null, more = {}) =>
      gate.fetch("/rare", { headers: { ...caller, ...(text === null ? {} : proof(text)), ...more } });
    expect((await call(turnstile.solve())).status).toBe(200);
    return call;
  };

  it("is not lost: where proofs are remembered the refusal has the clearance", async () => {
    const call = await spentCaller(limited(600), "usr_patient");
    const refused = await call(turnstile.solve());
    const clearance = refused.headers.get("sallyport-clearance");
    expect([refused.status, refused.headers.get("cache-control")]).toEqual([429, "no-store, private"]);
    nextWindow();
    const asked = turnstile.asked.length;
    expect((await call(null, { "sallyport-clearance": clearance ?? "" })).status).toBe(200);
    expect(turnstile.asked.length).toBe(asked);
  });

  it("is not lost: where they are not, it lets one call pass once the limit does, and no second", async () => {
    const gate = limited(0);
    const call = await spentCaller(gate, "usr_once");
    const solved = turnstile.solve();
    const refused = await call(solved);
    expect([refused.status, refused.headers.has("sallyport-clearance")]).toEqual([429, false]);
    expect((await call(solved)).status, "and it is not lost by trying too early").toBe(429);
    const asked = turnstile.asked.length;
    nextWindow();
    const stranger = bearer(await token(ring, { sub: "usr_stranger" }));
    expect((await gate.fetch("/rare", { headers: { ...stranger, ...proof(solved) } })).status).toBe(403);
    expect((await call(solved)).status).toBe(200);
    expect(turnstile.asked.length).toBe(asked);
    nextWindow();
    const statuses = await Promise.all([call(solved), call(solved)]);
    expect(statuses.map(({ status }) => status)).toEqual([403, 403]);
  });

  it("of two calls with it at once, after that, one passes", async () => {
    const call = await spentCaller(limited(0), "usr_twice");
    const solved = turnstile.solve();
    expect((await call(solved)).status).toBe(429);
    nextWindow();
    const statuses = await Promise.all([call(solved), call(solved), call(solved)]);
    expect(statuses.map(({ status }) => status).sort()).toEqual([200, 403, 403]);
  });

  it("is over when the service would not take it any more", async () => {
    const call = await spentCaller(limited(0), "usr_late");
    const solved = turnstile.solve();
    expect((await call(solved)).status).toBe(429);
    vi.setSystemTime(Date.now() + 300_000);
    expect((await call(solved)).status).toBe(403);
  });
});
