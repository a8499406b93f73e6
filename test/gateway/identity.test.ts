import { createLocalJWKSet, decodeProtectedHeader, type JWTPayload, jwtVerify } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { JoseTokenSigner } from "../../src/adapters/jose_token_signer.ts";
import { bearer, type ForgeKey, newKey, ringKey, token } from "../support/forge.ts";
import { GATEWAY_URL, ISSUER_URL, ORIGIN_AUDIENCE, PARTNER_URL } from "../support/gateway_config.ts";
import { type Installation, install } from "../support/install.ts";
import { keyCopies, storedKey } from "../support/keys.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

/** The start of a half-minute. */
const START = Date.parse("2026-11-05T00:00:00Z");
captureLogs();
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

/** The identity that the origin got for a call with `headers`. */
async function identityOf(gate: Installation, headers: Record<string, string>, path = "/whoami"): Promise<string> {
  network.calls.length = 0;
  expect((await gate.fetch(path, { headers })).status).toBe(200);
  return secret(network.originCalls[0]?.headers.get("sallyport-identity") ?? "");
}

/** Verifies as an origin does: by the published keys, its own audience, the gate's name and the type. */
async function verified(gate: Installation, jwt: string, audience = ORIGIN_AUDIENCE): Promise<JWTPayload> {
  const response = await gate.fetch("/.well-known/sallyport/identity-jwks.json");
  expect(response.headers.get("content-type")).toBe("application/jwk-set+json");
  const keys = createLocalJWKSet(await response.json());
  const { payload } = await jwtVerify(jwt, keys, {
    issuer: GATEWAY_URL,
    audience,
    typ: "sallyport-identity+jwt",
    algorithms: ["ES256"],
    currentDate: new Date(Date.now()),
  });
  return payload;
}

describe("what the origin is told", () => {
  it("a client: who, by whose word, what it may, for 60 s, for this origin, and no more", async () => {
    const gate = install();
    const caller = { sub: "cli_a", client_id: "cli_a", roles: ["manager"], email: "a@b.test", jti: "jti-of-the-token" };
    const claims = await verified(gate, await identityOf(gate, bearer(await token(ring, caller))));
    expect(claims).toEqual({
      iss: GATEWAY_URL,
      aud: ORIGIN_AUDIENCE,
      sub: "cli_a",
      principal: "client",
      sub_iss: ISSUER_URL,
      client_id: "cli_a",
      scope: "orders:read",
      roles: ["manager"],
      iat: START / 1000,
      exp: START / 1000 + 60,
      jti: expect.any(String),
    });
    expect(claims.jti).not.toBe("jti-of-the-token");
  });

  it("a user, an API key, and a user of another issuer cannot be taken for one another", async () => {
    const gate = install();
    const partner = await newKey();
    network.serve(PARTNER_URL, () => Response.json({ keys: [partner.jwk] }));
    const same = { sub: "usr_1", client_id: "cli_1" };
    const user = await verified(gate, await identityOf(gate, bearer(await token(ring, same))));
    expect(user).toMatchObject({ sub: "usr_1", principal: "user", sub_iss: ISSUER_URL, client_id: "cli_1" });
    const other = await token(partner, { ...same, iss: PARTNER_URL });
    const foreign = await verified(gate, await identityOf(gate, bearer(other)).catch(() => ""));
    expect(foreign).toMatchObject({ sub: "usr_1", principal: "user", sub_iss: PARTNER_URL });
    const { key, record } = await storedKey();
    const machine = await verified(gate, await identityOf(gate, { "x-api-key": key }));
    expect(machine).toMatchObject({ sub: record.id, principal: "api_key", scope: "orders:read" });
    expect(machine).not.toHaveProperty("sub_iss");
    expect(machine).not.toHaveProperty("client_id");
  });

  it("is for one origin: another origin's audience does not verify", async () => {
    const gate = install();
    const caller = bearer(await token(ring));
    const here = await identityOf(gate, caller);
    const there = await identityOf(gate, caller, "/elsewhere");
    expect((await verified(gate, there, "urn:test:slow")).aud).toBe("urn:test:slow");
    await expect(verified(gate, here, "urn:test:slow")).rejects.toThrow(/aud/);
  });

  it("is signed by the gate's own key, which the issuer does not publish, and is no access token", async () => {
    const gate = install();
    const jwt = await identityOf(gate, bearer(await token(ring)));
    const head = decodeProtectedHeader(jwt);
    expect(head).toEqual({ alg: "ES256", typ: "sallyport-identity+jwt", kid: expect.any(String) });
    const issued = await gate.fetch("https://issuer.test/.well-known/jwks.json");
    const { keys } = await issued.json<{ keys: { kid: string }[] }>();
    expect(keys.map(({ kid }) => kid)).toContain(ring.kid);
    expect(keys.map(({ kid }) => kid)).not.toContain(head.kid);
    expect((await gate.fetch("/whoami", { headers: bearer(jwt) })).status).toBe(401);
  });

  it("RFC 7517: neither key set shows a private member", async () => {
    const gate = install();
    for (const url of ["/.well-known/sallyport/identity-jwks.json", "https://issuer.test/.well-known/jwks.json"]) {
      const { keys } = await (await gate.fetch(url)).json<{ keys: Record<string, unknown>[] }>();
      expect(keys.length).toBeGreaterThan(0);
      for (const key of keys) {
        for (const member of ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]) expect(key).not.toHaveProperty(member);
      }
    }
  });
});

describe("how often it is made, and how long it lives", () => {
  it("once per credential, audience and half-minute: one passed on lives 30 s more at least", async () => {
    const sign = vi.spyOn(JoseTokenSigner.prototype, "sign");
    const gate = install();
    const caller = bearer(await token(ring));
    const first = await identityOf(gate, caller);
    vi.setSystemTime(START + 29_999);
    expect(await identityOf(gate, caller)).toBe(first);
    expect(sign).toHaveBeenCalledTimes(1);
    const { exp = 0 } = await verified(gate, first);
    expect(exp * 1000 - Date.now()).toBeGreaterThanOrEqual(30_000);
    vi.setSystemTime(START + 30_000);
    expect(await identityOf(gate, caller)).not.toBe(first);
    expect(sign).toHaveBeenCalledTimes(2);
    await identityOf(gate, caller, "/elsewhere");
    await identityOf(gate, bearer(await token(ring)));
    expect(sign).toHaveBeenCalledTimes(4);
  });

  it("never outlives its credential: a token's end, a key's end, the end of a rotated string", async () => {
    const gate = install();
    const end = START / 1000 + 20;
    const short = await token(ring, { exp: end });
    expect((await verified(gate, await identityOf(gate, bearer(short)))).exp).toBe(end);
    const key = await storedKey({ expiresAtMs: START + 15_000 });
    expect((await verified(gate, await identityOf(gate, { "x-api-key": key.key }))).exp).toBe(START / 1000 + 15);
    const rotated = await storedKey({ expiresAtMs: START + 50_000, secretExpiresAtMs: START + 10_000 });
    expect((await verified(gate, await identityOf(gate, { "x-api-key": rotated.key }))).exp).toBe(START / 1000 + 10);
    const floating = await token(ring, { exp: end + 0.9 });
    expect((await verified(gate, await identityOf(gate, bearer(floating)))).exp).toBe(end);
  });

  it("two credentials of one principal have two identities, each with its own scopes", async () => {
    const gate = install();
    const who = { sub: "cli_b", client_id: "cli_b" };
    const weak = await verified(
      gate,
      await identityOf(gate, bearer(await token(ring, { ...who, scope: "orders:read" }))),
    );
    const strong = await verified(gate, await identityOf(gate, bearer(await token(ring, { ...who, scope: "a b" }))));
    expect([weak.scope, strong.scope]).toEqual(["orders:read", "a b"]);
    expect(weak.jti).not.toBe(strong.jti);
  });

  it("a key whose scopes changed tells the new ones as soon as the gate has read them", async () => {
    const gate = install();
    const { key, hash, record } = await storedKey();
    await identityOf(gate, { "x-api-key": key });
    await keyCopies().put(hash, { ...record, epoch: 2, scopes: ["orders:write"] });
    vi.setSystemTime(START + 300_001);
    await identityOf(gate, { "x-api-key": key });
    await gate.settled();
    const fresh = await verified(gate, await identityOf(gate, { "x-api-key": key }));
    expect(fresh.scope).toBe("orders:write");
  });
});
