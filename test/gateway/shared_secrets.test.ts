import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type Environment, readBindings } from "../../src/bindings.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { utf8 } from "../../src/kernel/bytes.ts";
import { bearer, claims, compact, newKey, type Sign, token } from "../support/forge.ts";
import { gatewayConfig, ISSUER_URL, PARTNER_URL } from "../support/gateway_config.ts";
import { type Installation, install } from "../support/install.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const SHARED_URL = "https://shared.example";
const SECRET = secret("a secret of thirty-two bytes, or more of them");

const logs = captureLogs();
const network = stubNetwork();

function hs256(text: string): Sign {
  return async (input) => {
    const usage = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", utf8(text), usage, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", key, input));
  };
}

function gateWith(secrets: Record<string, unknown>, secretBinding: string | string[] = "PARTNER_SECRET"): Installation {
  const config: ConfigInput = gatewayConfig();
  const trustedIssuers = [...config.gateway.trustedIssuers, { issuer: SHARED_URL, keys: { secretBinding } }];
  const bound: Environment = { ...readBindings(env), KEY_SETS: null, ...secrets };
  return install({ config: { ...config, gateway: { ...config.gateway, trustedIssuers } }, env: bound });
}

const signed = (header: object = {}, sign = hs256(SECRET), iss = SHARED_URL) =>
  compact({ alg: "HS256", typ: "at+jwt", kid: "any", ...header }, claims({ iss }), sign);

async function statusOf(gate: Installation, value: string): Promise<number> {
  return (await gate.fetch("/orders", { headers: bearer(value) })).status;
}

describe("RFC 7518 3.2: HS256, only where a secret was bound for it", () => {
  it("tokens of that issuer pass, with a key id or without, and no key is fetched", async () => {
    const gate = gateWith({ PARTNER_SECRET: SECRET });
    expect(await statusOf(gate, await signed())).toBe(200);
    const unnamed = await compact({ alg: "HS256", typ: "at+jwt" }, claims({ iss: SHARED_URL }), hs256(SECRET));
    expect(await statusOf(gate, unnamed)).toBe(200);
    expect(network.calls).toHaveLength(network.originCalls.length);
  });

  it("while it is replaced either of two proves, and no third; afterwards the old one proves nothing", async () => {
    const next = secret("the next secret, also of thirty-two bytes or more");
    const bound = { PARTNER_SECRET: SECRET, PARTNER_SECRET_2: next };
    const both = gateWith(bound, ["PARTNER_SECRET_2", "PARTNER_SECRET"]);
    expect(await statusOf(both, await signed())).toBe(200);
    expect(await statusOf(both, await signed({}, hs256(next)))).toBe(200);
    expect(await statusOf(both, await signed({}, hs256(`${next}x`)))).toBe(401);
    const after = gateWith(bound, "PARTNER_SECRET_2");
    expect(await statusOf(after, await signed())).toBe(401);
    expect(await statusOf(after, await signed({}, hs256(next)))).toBe(200);
  });

  it("each of two secrets has to be there, and long enough", () => {
    expect(() => gateWith({ PARTNER_SECRET: SECRET }, ["PARTNER_SECRET_2", "PARTNER_SECRET"])).toThrow(
      /PARTNER_SECRET_2/,
    );
    const short = { PARTNER_SECRET: SECRET, PARTNER_SECRET_2: "short" };
    expect(() => gateWith(short, ["PARTNER_SECRET_2", "PARTNER_SECRET"])).toThrow(/shorter/);
  });

  it("another secret proves nothing", async () => {
    const gate = gateWith({ PARTNER_SECRET: SECRET });
    expect(await statusOf(gate, await signed({}, hs256(`${SECRET}x`)))).toBe(401);
    expect(logs.lastDecision).toMatchObject({ reason: "token_signature_wrong" });
  });

  it("RFC 8725 3.1: the secret signs for its own issuer alone, and HS256 opens no other", async () => {
    const gate = gateWith({ PARTNER_SECRET: SECRET });
    for (const iss of [ISSUER_URL, PARTNER_URL]) {
      expect(await statusOf(gate, await signed({}, hs256(SECRET), iss))).toBe(401);
      expect(logs.lastDecision).toMatchObject({ reason: "token_algorithm_not_allowed" });
    }
  });

  it("RFC 8725 2.1: a published key is no secret, in any spelling", async () => {
    const key = await newKey("RS256");
    network.serve(PARTNER_URL, () => Response.json({ keys: [key.jwk] }));
    const gate = gateWith({ PARTNER_SECRET: SECRET });
    expect(await statusOf(gate, await token(key, { iss: PARTNER_URL }))).toBe(200);
    for (const text of [JSON.stringify(key.jwk), String(key.jwk.n), String(key.jwk.kid)]) {
      expect(await statusOf(gate, await signed({ kid: key.kid }, hs256(text), PARTNER_URL))).toBe(401);
      expect(await statusOf(gate, await signed({ kid: key.kid }, hs256(text)))).toBe(401);
    }
  });

  it("an asymmetric signature is no proof where a secret is the proof", async () => {
    const key = await newKey();
    const gate = gateWith({ PARTNER_SECRET: SECRET });
    expect(await statusOf(gate, await token(key, { iss: SHARED_URL }))).toBe(401);
    expect(logs.lastDecision).toMatchObject({ reason: "token_algorithm_not_allowed" });
    expect(await statusOf(gate, await signed({ alg: "none" }))).toBe(401);
    expect(await statusOf(gate, await signed({ alg: "HS512" }))).toBe(401);
  });

  it("RFC 7515 4.1.4: a token of another issuer still needs a key id", async () => {
    const key = await newKey();
    const gate = gateWith({ PARTNER_SECRET: SECRET });
    expect(await statusOf(gate, await token(key, { iss: PARTNER_URL }, { kid: undefined }))).toBe(401);
    expect(logs.lastDecision).toMatchObject({ reason: "token_kid_missing" });
  });
});

describe("a secret that cannot be one is a fault of the deployment", () => {
  it.each<[string, Record<string, unknown>, string, RegExp]>([
    ["missing", {}, "PARTNER_SECRET", /PARTNER_SECRET is missing/],
    ["empty", { PARTNER_SECRET: "" }, "PARTNER_SECRET", /is missing/],
    ["31 bytes long", { PARTNER_SECRET: "x".repeat(31) }, "PARTNER_SECRET", /shorter than 32 bytes/],
    ["no text", { PARTNER_SECRET: {} }, "PARTNER_SECRET", /is missing/],
    ["one of Sallyport's own", {}, "SIGNING_KEK", /is not for others' tokens/],
    ["our store", {}, "DB", /is not for others' tokens/],
  ])("%s", (_, secrets, name, message) => {
    expect(() => gateWith(secrets, name)).toThrow(message);
  });

  it("32 bytes are enough, also of fewer characters", () => {
    expect(gateWith({ PARTNER_SECRET: "é".repeat(16) })).toBeDefined();
  });
});
