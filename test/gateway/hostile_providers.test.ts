import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { readBindings } from "../../src/bindings.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { bearer, type ForgeKey, newKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig, PARTNER_JWKS_URL, PARTNER_URL } from "../support/gateway_config.ts";
import { type Installation, install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

type TrustedInput = ConfigInput["gateway"]["trustedIssuers"][number];

const START = Date.parse("2026-11-08T00:00:00Z");
const PROVIDER = "https://login.provider.example/tenant";
const OPENID = `${PROVIDER}/.well-known/openid-configuration`;
const OAUTH = "https://login.provider.example/.well-known/oauth-authorization-server/tenant";
const KEYS = "https://login.provider.example/keys";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;
let key: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
  key = await newKey();
});

beforeEach(() => {
  vi.setSystemTime(START);
});

afterEach(() => {
  vi.useRealTimers();
});

function gateWith(trusted: Partial<TrustedInput>, gateway: Partial<ConfigInput["gateway"]> = {}): Installation {
  const config = gatewayConfig();
  const trustedIssuers = [
    ...config.gateway.trustedIssuers,
    { issuer: PROVIDER, keys: { discovery: "openid" as const }, ...trusted },
  ];
  return install({ config: { ...config, gateway: { ...config.gateway, ...gateway, trustedIssuers } } });
}

interface Served {
  readonly metadata?: unknown;
  readonly keys?: () => Response | Promise<Response>;
}

/** A provider that says where its keys are, and counts who asks. */
function serve({ metadata = { issuer: PROVIDER, jwks_uri: KEYS }, keys }: Served = {}) {
  network.serve(PROVIDER, ({ url }) => {
    if (url === OPENID || url === OAUTH) return Response.json(metadata);
    if (url !== KEYS) return new Response(null, { status: 404 });
    return keys?.() ?? Response.json({ keys: [key.jwk] });
  });
}

const asked = (url: string) => network.calls.filter((call) => call.url === url).length;

async function statusOf(gate: Installation, value: string): Promise<number> {
  return (await gate.fetch("/orders", { headers: bearer(value) })).status;
}

describe("RFC 8414, OpenID Connect Discovery: keys by an issuer's metadata", () => {
  it.each([
    ["openid", OPENID],
    ["oauth", OAUTH],
    [OPENID, OPENID],
  ])("%s: read once, then the keys alone", async (discovery, url) => {
    serve();
    const gate = gateWith({ keys: { discovery } });
    expect(await statusOf(gate, await token(key, { iss: PROVIDER }))).toBe(200);
    vi.setSystemTime(START + 301_000);
    expect(await statusOf(gate, await token(key, { iss: PROVIDER }))).toBe(200);
    await gate.settled();
    expect([asked(url), asked(KEYS)]).toEqual([1, 2]);
  });

  const elsewhere = "https://keys.elsewhere.example/keys";
  it.each<[string, unknown]>([
    ["of another issuer", { issuer: `${PROVIDER}/`, jwks_uri: KEYS }],
    ["without an issuer", { jwks_uri: KEYS }],
    ["without keys", { issuer: PROVIDER }],
    ["that names keys on another host", { issuer: PROVIDER, jwks_uri: elsewhere }],
    [
      "that names the host of a name within",
      { issuer: PROVIDER, jwks_uri: "https://login.provider.example.evil.example/" },
    ],
    ["that names another port", { issuer: PROVIDER, jwks_uri: "https://login.provider.example:8443/keys" }],
    ["that leaves https", { issuer: PROVIDER, jwks_uri: "http://login.provider.example/keys" }],
    ["that hides a host behind a name", { issuer: PROVIDER, jwks_uri: "https://login.provider.example@127.0.0.1/" }],
    ["that is a list", []],
  ])("API7: metadata %s: 503, and nobody else is called", async (_, metadata) => {
    serve({ metadata });
    network.serve(elsewhere, () => Response.json({ keys: [key.jwk] }));
    const gate = gateWith({});
    expect(await statusOf(gate, await token(key, { iss: PROVIDER }))).toBe(503);
    expect(network.calls.map(({ url }) => url)).toEqual([OPENID]);
    expect(await statusOf(gate, await token(ring)), "the own issuer is not touched").toBe(200);
  });

  it("another host that the operator named for this issuer is called", async () => {
    serve({ metadata: { issuer: PROVIDER, jwks_uri: elsewhere } });
    network.serve(elsewhere, () => Response.json({ keys: [key.jwk] }));
    const gate = gateWith({ keys: { discovery: "openid", jwksHosts: ["keys.elsewhere.example"] } });
    expect(await statusOf(gate, await token(key, { iss: PROVIDER }))).toBe(200);
  });

  it.each([
    "http://127.0.0.1:9/keys",
    "https://127.0.0.1/keys",
    "https://2130706433/keys",
    "https://0x7f000001/keys",
    "https://0177.0.0.1/keys",
    "https://[::1]/keys",
    "https://[::ffff:127.0.0.1]/keys",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.1/keys",
    "https://metadata.internal/keys",
    "file:///etc/passwd",
  ])("API7: keys at %s are not fetched, though the host is named for this issuer", async (url) => {
    serve({ metadata: { issuer: PROVIDER, jwks_uri: url } });
    const { host } = new URL(url);
    const jwksHosts = host === "" ? [] : [host];
    const gate = gateWith({ keys: { discovery: "openid", jwksHosts } });
    expect(await statusOf(gate, await token(key, { iss: PROVIDER }))).toBe(503);
    expect(network.calls.map((call) => call.url)).toEqual([OPENID]);
  });
});

describe("a provider that is down, slow, lying or huge", () => {
  const hostile: readonly [string, () => Response | Promise<Response>][] = [
    ["500", () => new Response("trace", { status: 500 })],
    ["a redirect to keys of another", () => Response.redirect("https://evil.example/keys", 307)],
    ["garbage", () => new Response("\u0000\u0001", { headers: { "content-type": "application/json" } })],
    ["keys as text/plain", () => new Response('{"keys":[]}', { headers: { "content-type": "text/plain" } })],
    ["keys as a JWT", () => new Response('{"keys":[]}', { headers: { "content-type": "application/jwt" } })],
    ["a megabyte", () => Response.json({ keys: [], padding: "x".repeat(1024 * 1024) })],
    ["no answer", () => new Promise(() => undefined)],
  ];

  it.each(hostile)("%s: a key that is known proves on, also new tokens, without waiting", async (_, keys) => {
    serve();
    const gate = gateWith({});
    expect(await statusOf(gate, await token(key, { iss: PROVIDER }))).toBe(200);
    serve({ keys });
    vi.setSystemTime(START + 400_000);
    // The refresh has not been answered when these are.
    expect(await statusOf(gate, await token(key, { iss: PROVIDER }))).toBe(200);
    expect(await statusOf(gate, await token(key, { iss: PROVIDER }))).toBe(200);
    expect(asked(KEYS)).toBe(2);
  });

  it("its failures are told to the operators, though nobody is refused", async () => {
    serve();
    const gate = gateWith({});
    expect(await statusOf(gate, await token(key, { iss: PROVIDER }))).toBe(200);
    serve({ keys: () => new Response("trace", { status: 500 }) });
    vi.setSystemTime(START + 400_000);
    expect(await statusOf(gate, await token(key, { iss: PROVIDER }))).toBe(200);
    await gate.settled();
    expect(logs.events("issuer_keys_failed").at(-1)).toMatchObject({ issuer: PROVIDER, cause: "status 500" });
  });

  it("a withdrawn key ends the tokens that it proved, with the next refresh, though they come from memory", async () => {
    serve();
    const gate = gateWith({});
    const value = await token(key, { iss: PROVIDER, exp: START / 1000 + 3_600 });
    expect(await statusOf(gate, value)).toBe(200);
    const successor = await newKey();
    serve({ keys: () => Response.json({ keys: [successor.jwk] }) });
    vi.setSystemTime(START + 301_000);
    expect(await statusOf(gate, value)).toBe(200);
    await gate.settled();
    expect(await statusOf(gate, value)).toBe(401);
    expect(logs.lastDecision).toMatchObject({ reason: "token_key_unknown" });
    expect(await statusOf(gate, await token(successor, { iss: PROVIDER }))).toBe(200);
  });

  it("tokens in memory end when keys are as old as may be", async () => {
    serve();
    const gate = gateWith({ keys: { discovery: "openid", refreshSeconds: 30, maxStaleSeconds: 60 } });
    const value = await token(key, { iss: PROVIDER, exp: START / 1000 + 3_600 });
    expect(await statusOf(gate, value)).toBe(200);
    serve({ keys: () => new Response(null, { status: 500 }) });
    vi.setSystemTime(START + 60_000);
    expect(await statusOf(gate, value)).toBe(200);
    await gate.settled();
    vi.setSystemTime(START + 63_000);
    expect(await statusOf(gate, value)).toBe(503);
  });

  it("keys that were published with their private half, and symmetric ones, prove nothing", async () => {
    const shared = { kty: "oct", kid: key.kid, alg: "HS256", k: "A".repeat(43) };
    serve({ keys: () => Response.json({ keys: [{ ...key.jwk, d: "AAAA" }, shared] }) });
    expect(await statusOf(gateWith({}), await token(key, { iss: PROVIDER }))).toBe(401);
    expect(logs.lastDecision).toMatchObject({ reason: "token_key_unknown" });
  });
});

describe("copies in KV", () => {
  it("a second isolate needs no provider, not even one that is down", async () => {
    const kv = readBindings(env).KEY_SETS;
    network.serve(PARTNER_URL, () => Response.json({ keys: [key.jwk] }));
    const first = install({ env: { KEY_SETS: kv } });
    expect(await statusOf(first, await token(key, { iss: PARTNER_URL }))).toBe(200);
    await first.settled();
    network.serve(PARTNER_URL, () => new Response(null, { status: 500 }));
    const second = install({ env: { KEY_SETS: kv } });
    expect(await statusOf(second, await token(key, { iss: PARTNER_URL }))).toBe(200);
    expect(asked(PARTNER_JWKS_URL)).toBe(1);
  });
});
