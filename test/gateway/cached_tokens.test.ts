import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { JoseAccessTokens } from "../../src/adapters/jose_access_tokens.ts";
import { need, readBindings } from "../../src/bindings.ts";
import type { FeedEntry, FeedKind } from "../../src/protocol/edge_feed.ts";
import { bearer, type ForgeKey, newKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig, PARTNER_URL } from "../support/gateway_config.ts";
import { type Installation, install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { INVALID_TOKEN, problemOf } from "../support/refused.ts";

const START = Date.parse("2026-11-03T00:00:00Z");
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

async function call(gate: Installation, value: string): Promise<number> {
  const response = await gate.fetch("/orders", { headers: bearer(value) });
  if (response.status === 401) expect(await problemOf(response)).toMatchObject({ error: "invalid_token" });
  return response.status;
}

async function announce(kind: FeedKind, id: string, epoch = 1) {
  const entry: FeedEntry = { kind, id, epoch, untilMs: START + 3_600_000 };
  await need(readBindings(env), "EDGE_FEED").getByName("one").append([entry]);
}

describe("a token in memory is proven by memory and judged anew", () => {
  it("its signature is verified once", async () => {
    const verify = vi.spyOn(JoseAccessTokens.prototype, "verify");
    const gate = install();
    const good = await token(ring);
    for (let count = 0; count < 10; count++) expect(await call(gate, good)).toBe(200);
    expect(verify).toHaveBeenCalledOnce();
  });

  it("a refused token is not remembered as good", async () => {
    const verify = vi.spyOn(JoseAccessTokens.prototype, "verify");
    const gate = install();
    const wrong = await token(ring, { aud: "https://other.test/" });
    expect(await call(gate, wrong)).toBe(401);
    expect(await call(gate, wrong)).toBe(401);
    expect(verify).toHaveBeenCalledTimes(2);
  });

  it("RFC 7519 4.1.4: it ends on time", async () => {
    const gate = install();
    const good = await token(ring, { exp: START / 1000 + 30 });
    expect(await call(gate, good)).toBe(200);
    vi.setSystemTime(START + 29_999);
    expect(await call(gate, good)).toBe(200);
    vi.setSystemTime(START + 30_000);
    expect(await call(gate, good)).toBe(401);
    expect(logs.lastDecision).toMatchObject({ reason: "token_expired" });
  });

  it("a clock that steps back before its iat refuses it", async () => {
    const gate = install();
    const good = await token(ring);
    expect(await call(gate, good)).toBe(200);
    vi.setSystemTime(START - 5_001);
    expect(await call(gate, good)).toBe(401);
    expect(logs.lastDecision).toMatchObject({ reason: "token_issued_ahead" });
  });

  it("audience and issuer are compared at each use", async () => {
    const gate = install();
    const good = await token(ring);
    expect(await call(gate, good)).toBe(200);
    const { gate: parts } = gate.authorizer.gateway;
    const held = parts.tokens.get(good);
    expect(held?.principal.kind).toBe("client");
    const elsewhere = gatewayConfig();
    const other = install({
      config: { ...elsewhere, gateway: { ...elsewhere.gateway, resource: `${elsewhere.gateway.url}/v2` } },
    });
    if (held !== undefined) other.authorizer.gateway.gate.tokens.add(good, held);
    expect(await call(other, good)).toBe(401);
    expect(logs.lastDecision).toMatchObject({ reason: "token_audience_wrong" });
    const stranger = install({
      config: {
        ...elsewhere,
        gateway: { ...elsewhere.gateway, trustedIssuers: elsewhere.gateway.trustedIssuers.slice(1) },
      },
    });
    if (held !== undefined) stranger.authorizer.gateway.gate.tokens.add(good, held);
    expect(await call(stranger, good)).toBe(401);
    expect(logs.lastDecision).toMatchObject({ reason: "token_issuer_unknown" });
  });
});

describe("the edge feed: what was revoked after it was remembered", () => {
  const ends: readonly [
    string,
    (claims: { jti: string; client: string }) => readonly [FeedKind, string, number],
    string,
  ][] = [
    ["the token", ({ jti }) => ["token", jti, 1], "token_revoked"],
    ["its client's tokens", ({ client }) => ["client", client, 2], "token_client_revoked"],
  ];

  it.each(ends)("RFC 7009 2: %s, within 3 s for a warm isolate and at once for a cold one", async (_, of, reason) => {
    const gate = install();
    const jti = crypto.randomUUID();
    const client = `cli_${crypto.randomUUID().replaceAll("-", "").slice(0, 22)}`;
    const doomed = await token(ring, { jti, sub: client, client_id: client, epochs: { client: 1 } });
    const sibling = await token(ring);
    expect(await call(gate, doomed)).toBe(200);
    await announce(...of({ jti, client }));
    vi.setSystemTime(START + 2_000);
    expect(await call(gate, doomed), "inside the bound").toBe(200);
    vi.setSystemTime(START + 3_001);
    const response = await gate.fetch("/orders", { headers: bearer(doomed) });
    expect(response.status).toBe(401);
    expect(await problemOf(response)).toEqual(INVALID_TOKEN);
    expect(logs.lastDecision).toMatchObject({ reason, credential_id: jti, principal_id: client });
    expect(await call(install(), doomed)).toBe(401);
    expect(await call(gate, sibling)).toBe(200);
  });

  it("after an hour's idle the first call knows what ended meanwhile", async () => {
    const gate = install();
    const jti = crypto.randomUUID();
    const [doomed, sibling] = [
      await token(ring, { jti, exp: START / 1000 + 7_200 }),
      await token(ring, { exp: START / 1000 + 7_200 }),
    ];
    expect([await call(gate, doomed), await call(gate, sibling)]).toEqual([200, 200]);
    vi.setSystemTime(START + 3_599_000);
    const entry: FeedEntry = { kind: "token", id: jti, epoch: 1, untilMs: START + 7_200_000 };
    await need(readBindings(env), "EDGE_FEED").getByName("one").append([entry]);
    vi.setSystemTime(START + 3_600_000);
    expect([await call(gate, doomed), await call(gate, sibling)]).toEqual([401, 200]);
  });

  it("a token minted under the new epoch of its client lives", async () => {
    const client = "cli_0123456789012345678901";
    const named = { sub: client, client_id: client };
    await announce("client", client, 2);
    const gate = install();
    expect(await call(gate, await token(ring, { ...named, epochs: { client: 1 } }))).toBe(401);
    expect(await call(gate, await token(ring, named))).toBe(401);
    expect(await call(gate, await token(ring, { ...named, epochs: { client: 2 } }))).toBe(200);
  });

  it.each([
    ["what the user granted", "grant", "token_grant_revoked"],
    ["everything of the user", "user", "token_user_revoked"],
  ] as const)("%s ends: that person's token is refused in the bound, another's is not", async (_, kind, reason) => {
    const gate = install();
    const person = (sub: string, grantId: string, epoch: number) =>
      token(ring, { sub, client_id: "cli_app", grant_id: grantId, epochs: { client: 0, user: epoch } });
    const [sub, grantId] = [`pairwise-${crypto.randomUUID()}`, `grt_${crypto.randomUUID()}`];
    const doomed = await person(sub, grantId, 1);
    const stranger = await person("usr_other", "grt_other", 1);
    expect(await call(gate, doomed)).toBe(200);
    await announce(kind, kind === "grant" ? grantId : sub, kind === "grant" ? 1 : 2);
    vi.setSystemTime(START + 3_001);
    expect(await call(gate, doomed)).toBe(401);
    expect(logs.lastDecision).toMatchObject({ reason, principal_id: sub });
    expect(await call(install(), doomed), "in a cold isolate").toBe(401);
    expect(await call(gate, stranger)).toBe(200);
    const anew = await person(sub, `grt_${crypto.randomUUID()}`, 2);
    expect(await call(gate, anew), "what the user grants afterwards opens the gate").toBe(200);
  });

  it("an expired and revoked token is told that it is invalid, not that it is old", async () => {
    const jti = crypto.randomUUID();
    await announce("token", jti);
    const gate = install();
    const dead = await token(ring, { jti, iat: START / 1000 - 100, exp: START / 1000 - 1 });
    const response = await gate.fetch("/orders", { headers: bearer(dead) });
    expect(await problemOf(response)).toEqual(INVALID_TOKEN);
    expect(logs.lastDecision).toMatchObject({ reason: "token_revoked" });
  });

  it("a withdrawn key ends every token that it signed; another issuer's ids are not ours", async () => {
    const partner = await newKey();
    network.serve(PARTNER_URL, () => Response.json({ keys: [partner.jwk] }));
    const jti = crypto.randomUUID();
    await announce("token", jti);
    await announce("kid", partner.kid);
    const gate = install();
    expect(await call(gate, await token(partner, { iss: PARTNER_URL, jti }))).toBe(200);
    expect(await call(gate, await token(ring, { jti }))).toBe(401);
    const good = await token(ring);
    expect(await call(gate, good)).toBe(200);
    await announce("kid", ring.kid);
    vi.setSystemTime(START + 3_001);
    expect(await call(gate, good)).toBe(401);
    expect(logs.lastDecision).toMatchObject({ reason: "token_key_withdrawn" });
  });
});
