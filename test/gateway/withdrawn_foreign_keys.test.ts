import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { migrate } from "../support/admin_world.ts";
import { bearer, type ForgeKey, newKey, token } from "../support/forge.ts";
import { demoConfig, HOST, type LiveIsolate, openLive, publish } from "../support/live_world.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const logs = captureLogs();
const network = stubNetwork();
const PARTNER_URL = "https://idp.example.com";
const PARTNER_JWKS_URL = `${PARTNER_URL}/keys.json`;
/** Beyond the age that the feed's picture may have: the next request looks. */
const PAST_BOUND_MS = 4_000;
let nowMs = Date.now();
let stolen: ForgeKey;
let other: ForgeKey;

beforeAll(async () => {
  await migrate();
  [stolen, other] = [await newKey(), await newKey()];
});

beforeEach(() => {
  network.serve("http://127.0.0.1:8788", () => Response.json({ from: "origin" }));
  network.serve(PARTNER_URL, () => Response.json({ keys: [stolen.jwk, other.jwk] }));
  vi.spyOn(Date, "now").mockImplementation(() => nowMs);
});

afterEach(async () => {
  await openLive().administer("POST", "/config/rollback", { to: "bundled" });
});

/** The demo, which trusts a partner whose keys are published, but for those. */
const trusting = (withdrawnKeys?: readonly string[]) =>
  demoConfig((config) => {
    config.gateway.trustedIssuers.push({ issuer: PARTNER_URL, keys: { jwksUrl: PARTNER_JWKS_URL }, withdrawnKeys });
  });

const tokenBy = (key: ForgeKey) => token(key, { iss: PARTNER_URL, aud: `${HOST}/` });
const statusOf = (isolate: LiveIsolate, value: string) => isolate.status("/whoami", { headers: bearer(value) });
const fetches = () => network.calls.filter(({ url }) => url === PARTNER_JWKS_URL).length;

describe("another issuer's key in wrong hands", () => {
  it("ends in every isolate with the next picture of the feed, tokens in memory too, though the issuer publishes it still", async () => {
    const [asked, warm] = [openLive(), openLive()];
    await publish(asked, trusting());
    nowMs += PAST_BOUND_MS;
    const [bad, good] = [await tokenBy(stolen), await tokenBy(other)];
    expect([await statusOf(warm, bad), await statusOf(warm, good)]).toEqual([200, 200]);
    const before = fetches();
    await publish(asked, trusting([stolen.kid]));
    expect(await statusOf(asked, bad), "the isolate that was asked").toBe(401);
    nowMs += PAST_BOUND_MS;
    expect([await statusOf(warm, bad), await statusOf(warm, await tokenBy(stolen))]).toEqual([401, 401]);
    expect(logs.lastDecision).toMatchObject({ reason: "token_key_withdrawn" });
    expect(await statusOf(warm, good)).toBe(200);
    expect(fetches() - before, "the warm isolate kept the keys that it had").toBeLessThanOrEqual(1);
    expect(await statusOf(openLive(), bad), "one that begins after it").toBe(401);
  });

  it("a whole issuer is left out as quickly", async () => {
    const [asked, warm] = [openLive(), openLive()];
    await publish(asked, trusting());
    nowMs += PAST_BOUND_MS;
    const value = await tokenBy(stolen);
    expect(await statusOf(warm, value)).toBe(200);
    await publish(asked, demoConfig());
    nowMs += PAST_BOUND_MS;
    expect(await statusOf(warm, value)).toBe(401);
    expect(logs.lastDecision).toMatchObject({ reason: "token_issuer_unknown" });
  });
});
