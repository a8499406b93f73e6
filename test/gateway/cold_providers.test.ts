import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { watchDeadlines } from "../support/faults/deadlines.ts";
import { bearer, type ForgeKey, newKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const PROVIDER = "https://login.provider.example";
const METADATA = `${PROVIDER}/.well-known/openid-configuration`;
const KEYS = `${PROVIDER}/keys`;
const START = Date.parse("2026-11-08T00:00:00Z");
/** A failed fetch is not repeated for so long. */
const PAUSE_MS = 2_000;

const logs = captureLogs();
const network = stubNetwork();
const deadlines = watchDeadlines();
let ring: ForgeKey;
let key: ForgeKey;

beforeAll(async () => {
  [ring, key] = await Promise.all([ringKey(), newKey()]);
});

beforeEach(() => {
  vi.setSystemTime(START);
  return () => {
    vi.useRealTimers();
  };
});

type Answer = () => Response | Promise<Response>;

const faults: readonly [string, Answer][] = [
  ["down", () => new Response("trace", { status: 500 })],
  ["unreachable", () => Promise.reject(new TypeError("reset"))],
  [
    "slow",
    () => {
      deadlines.ring();
      return new Promise<Response>(() => undefined);
    },
  ],
  ["lying", () => Response.json(["no keys and no metadata"])],
  ["huge", () => Response.json({ issuer: PROVIDER, jwks_uri: KEYS, keys: [], padding: "x".repeat(512 * 1024) })],
];
const cases = [METADATA, KEYS].flatMap((url) => faults.map(([fault, answer]) => ({ url, fault, answer })));

/** A provider that answers `broken` at `url`, and is well everywhere else. */
function serve(url: string | null, broken: Answer) {
  network.serve(PROVIDER, (request) => {
    if (request.url === url) return broken();
    return Response.json(request.url === METADATA ? { issuer: PROVIDER, jwks_uri: KEYS } : { keys: [key.jwk] });
  });
}

describe("an issuer whose keys an isolate does not have yet", () => {
  it.each(cases)("$url $fault: 503 in time, and the same isolate serves once it is well", async ({ url, answer }) => {
    const config: ConfigInput = gatewayConfig();
    config.gateway.trustedIssuers.push({ issuer: PROVIDER, keys: { discovery: "openid" } });
    const gate = install({ config });
    const statusOf = async (value: string) => (await gate.fetch("/orders", { headers: bearer(value) })).status;
    serve(url, answer);
    deadlines.begin();
    expect(await statusOf(await token(key, { iss: PROVIDER }))).toBe(503);
    expect(deadlines.unbounded).toBe(0);
    await gate.settled();
    expect(logs.events("issuer_keys_failed")).toMatchObject([{ issuer: PROVIDER }]);
    expect(network.originCalls).toEqual([]);
    expect(await statusOf(await token(ring)), "another issuer's").toBe(200);
    serve(null, answer);
    vi.setSystemTime(START + PAUSE_MS + 1);
    expect(await statusOf(await token(key, { iss: PROVIDER }))).toBe(200);
  });
});
