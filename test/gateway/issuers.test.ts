import { beforeAll, describe, expect, it } from "vitest";
import {
  bearer,
  claims,
  compact,
  type ForgeAlgorithm,
  type ForgeKey,
  header,
  newKey,
  ringKey,
  token,
} from "../support/forge.ts";
import {
  GATEWAY_URL,
  gatewayConfig,
  ISSUER_URL,
  PARTNER_JWKS_URL,
  PARTNER_URL,
  RESOURCE,
} from "../support/gateway_config.ts";
import { type Installation, install } from "../support/install.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { type StubNetwork, stubNetwork } from "../support/network.ts";
import { INVALID_TOKEN, problemOf } from "../support/refused.ts";

const logs = captureLogs();
const network: StubNetwork = stubNetwork();
const partner = { iss: PARTNER_URL };
let ring: ForgeKey;
let key: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
  key = await newKey();
});

function publish(...keys: readonly ForgeKey[]) {
  network.serve(PARTNER_URL, () => Response.json({ keys: keys.map(({ jwk }) => jwk) }));
}

async function call(gate: Installation, value: string) {
  const response = await gate.fetch("/orders", { headers: bearer(value) });
  return { status: response.status, response };
}

async function expectRefused(gate: Installation, value: string, reason: string) {
  const { status, response } = await call(gate, value);
  expect(status).toBe(401);
  expect(await problemOf(response)).toEqual(INVALID_TOKEN);
  expect(logs.lastDecision).toMatchObject({ reason });
}

function jwksCalls() {
  return network.calls.filter(({ url }) => url === PARTNER_JWKS_URL).length;
}

describe("RFC 8725 3.8: each issuer signs for itself alone", () => {
  it("a second issuer's tokens pass with its own keys, fetched from the configured URL without a credential", async () => {
    publish(key);
    const gate = install();
    expect((await call(gate, await token(key, partner))).status).toBe(200);
    expect((await call(gate, await token(ring))).status).toBe(200);
    expect((await call(gate, await token(key, partner))).status).toBe(200);
    expect(jwksCalls()).toBe(1);
    const fetched = network.calls.find(({ url }) => url === PARTNER_JWKS_URL);
    expect(fetched?.headers.get("authorization")).toBeNull();
  });

  it("its key cannot sign for us, nor ours for it, also under the other's kid", async () => {
    publish(key, { ...ring, jwk: { ...key.jwk, kid: ring.kid } });
    const gate = install();
    expect((await call(gate, await token(key, partner))).status).toBe(200);
    await expectRefused(gate, await token(key), "token_key_unknown");
    await expectRefused(gate, await token(key, {}, { kid: ring.kid }), "token_signature_wrong");
    await expectRefused(gate, await token(ring, partner), "token_signature_wrong");
    await expectRefused(gate, await token(ring, partner, { kid: key.kid }), "token_signature_wrong");
    await expectRefused(gate, await token(key, { iss: GATEWAY_URL }), "token_issuer_unknown");
  });

  it("our identity keys sign no access token", async () => {
    const gate = install();
    expect((await call(gate, await token(ring))).status).toBe(200);
    const jwks = await gate.fetch("/.well-known/sallyport/identity-jwks.json");
    const { keys } = await jwks.json<{ keys: { kid: string }[] }>();
    expect(keys.length).toBeGreaterThan(0);
    for (const { kid } of keys) await expectRefused(gate, await token(ring, {}, { kid }), "token_key_unknown");
  });

  it.each(["ES256", "RS256", "PS256", "EdDSA"] as const)("%s from an issuer that is configured for it", async (alg) => {
    const strong = await newKey(alg);
    publish(strong);
    const gate = install();
    expect((await call(gate, await token(strong, partner))).status).toBe(200);
    const others: ForgeAlgorithm[] = ["ES256", "RS256", "PS256", "EdDSA"];
    for (const other of others.filter((name) => name !== alg)) {
      await expectRefused(gate, await token(strong, partner, { alg: other }), "token_key_unknown");
    }
    const empty = await compact(header(strong), claims(partner), () => new Uint8Array(alg === "RS256" ? 256 : 64));
    await expectRefused(gate, empty, "token_signature_wrong");
  });

  it("an algorithm that is configured for another issuer is not this one's", async () => {
    const rsa = await newKey("RS256");
    publish(rsa);
    const gate = install();
    expect((await call(gate, await token(rsa, partner))).status).toBe(200);
    await expectRefused(gate, await token(rsa), "token_algorithm_not_allowed");
  });

  it("an audience of its own is that issuer's alone", async () => {
    publish(key);
    const config = gatewayConfig();
    const issuers = config.gateway.trustedIssuers.map((trusted) =>
      trusted.issuer === PARTNER_URL ? { ...trusted, audience: "urn:partner:api" } : trusted,
    );
    const gate = install({ config: { ...config, gateway: { ...config.gateway, trustedIssuers: issuers } } });
    expect((await call(gate, await token(key, { ...partner, aud: "urn:partner:api" }))).status).toBe(200);
    await expectRefused(gate, await token(key, { ...partner, aud: RESOURCE }), "token_audience_wrong");
    await expectRefused(gate, await token(ring, { aud: "urn:partner:api" }), "token_audience_wrong");
  });

  it("RFC 9068 2.2: subjects of two issuers are two principals, for the origin and for limits", async () => {
    publish(key);
    const gate = install();
    const same = { sub: "usr_same", client_id: "cli_same" };
    for (let count = 0; count < 5; count++) {
      const answer = await gate.fetch("/limited/ping", { headers: bearer(await token(ring, same)) });
      expect(answer.status).toBe(200);
    }
    const spent = await gate.fetch("/limited/ping", { headers: bearer(await token(ring, same)) });
    expect(spent.status).toBe(429);
    const other = await gate.fetch("/limited/ping", { headers: bearer(await token(key, { ...same, ...partner })) });
    expect(other.status).toBe(200);
  });
});

describe("keys by URL: how often, and what an answer must be", () => {
  it("an unknown kid asks once per cooldown: 50 parallel made-up kids are one fetch", async () => {
    publish(key);
    const gate = install();
    expect((await call(gate, await token(key, partner))).status).toBe(200);
    expect(jwksCalls()).toBe(1);
    const made = Array.from({ length: 50 }, (_, index) => token(key, partner, { kid: `made-up-${index}` }));
    const answers = await Promise.all((await Promise.all(made)).map((value) => call(gate, value)));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(50).fill(401));
    expect(jwksCalls()).toBe(2);
    expect(network.originCalls).toHaveLength(1);
  });

  it("a new key of the issuer is found at once by all that bring it", async () => {
    const fresh = await newKey();
    publish(key);
    const gate = install();
    expect((await call(gate, await token(key, partner))).status).toBe(200);
    publish(key, fresh);
    const tokens = await Promise.all(Array.from({ length: 20 }, () => token(fresh, partner)));
    const answers = await Promise.all(tokens.map((value) => call(gate, value)));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(20).fill(200));
    expect(jwksCalls()).toBe(2);
  });

  it("tokens that no key could prove cause no fetch at all", async () => {
    publish(key);
    const gate = install();
    const hopeless = [
      await token(key, partner, { typ: "JWT" }),
      await token(key, partner, { alg: "none" }),
      await token(key, partner, { jku: PARTNER_JWKS_URL }),
      await token(key, { iss: `${PARTNER_URL}/` }),
      await token(key, { ...partner, exp: "1" }),
      secret("AAAA.AAAA.AAAA"),
    ];
    for (const value of hopeless) expect((await call(gate, value)).status).toBe(401);
    expect(network.calls).toEqual([]);
    expect((await call(gate, await token(key, partner))).status).toBe(200);
  });

  const unusable: readonly [string, () => Response | Promise<Response>][] = [
    ["500", () => new Response("trace", { status: 500 })],
    ["404", () => new Response(null, { status: 404 })],
    ["a redirect", () => Response.redirect("https://evil.test/keys.json", 302)],
    ["a network error", () => Promise.reject(new TypeError("reset"))],
    ["no JSON", () => new Response("<html>", { headers: { "content-type": "application/json" } })],
    ["JSON of another kind", () => Response.json({ keys: "none" })],
    ["a list", () => Response.json([])],
    ["HTML that would parse", () => new Response('{"keys":[]}', { headers: { "content-type": "text/html" } })],
    ["101 keys", () => Response.json({ keys: Array(101).fill({ kty: "EC" }) })],
    ["257 kB", () => Response.json({ keys: [], padding: "x".repeat(257 * 1024) })],
  ];

  it.each(unusable)(
    "%s: 503 with Retry-After and nothing passes; once the issuer is well, its tokens do",
    async (_, answer) => {
      network.serve(PARTNER_URL, answer);
      const broken = install();
      const { status, response } = await call(broken, await token(key, partner));
      expect(status).toBe(503);
      expect(response.headers.get("retry-after")).toBe("1");
      expect(await problemOf(response)).toMatchObject({ code: "temporarily_unavailable" });
      expect(network.originCalls).toEqual([]);
      expect(network.calls.some(({ url }) => url.includes("evil"))).toBe(false);
      expect((await call(broken, await token(ring))).status, "the own issuer is not touched").toBe(200);
      publish(key);
      expect((await call(install(), await token(key, partner))).status).toBe(200);
    },
  );

  it("an empty key set proves nobody: 401", async () => {
    publish();
    const gate = install();
    await expectRefused(gate, await token(key, partner), "token_key_unknown");
    expect((await call(gate, await token(ring))).status).toBe(200);
    expect(ISSUER_URL).not.toBe(PARTNER_URL);
  });
});
