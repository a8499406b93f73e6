import { decodeJwt } from "jose";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { bearer, compact, type ForgeKey, newKey } from "../support/forge.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { type Installation, install } from "../support/install.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { PROVIDERS, type ProviderTokens } from "../support/provider_tokens.ts";

type Json = Readonly<Record<string, unknown>>;
type TrustedInput = ConfigInput["gateway"]["trustedIssuers"][number];

const logs = captureLogs();
const network = stubNetwork();
let key: ForgeKey;

beforeAll(async () => {
  key = await newKey("RS256");
});

beforeEach(() => {
  for (const { issuer } of PROVIDERS) network.serve(issuer, () => Response.json({ keys: [key.jwk] }));
});

function trusted({ issuer, shape, audience }: ProviderTokens): TrustedInput {
  return { issuer, shape, audience, keys: { jwksUrl: new URL("/keys", issuer).href }, algorithms: ["RS256"] };
}

/** An installation that trusts all providers at once, each in its own shape, and `changes` of the one called so. */
function gateWith(shape: string, changes: Partial<TrustedInput> = {}): Installation {
  const config = gatewayConfig();
  const others = PROVIDERS.map((one) => ({ ...trusted(one), ...(one.shape === shape && changes) }));
  const trustedIssuers = [...config.gateway.trustedIssuers, ...others];
  return install({ config: { ...config, gateway: { ...config.gateway, trustedIssuers } } });
}

function sign({ issuer }: ProviderTokens, header: Json, claims: Json): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  const now = { iat, exp: iat + 600, ...(claims.nbf !== undefined && { nbf: iat }) };
  return compact({ alg: "RS256", kid: key.kid, ...header }, { ...claims, iss: issuer, ...now }, key.sign);
}

async function refusal(gate: Installation, token: string): Promise<unknown> {
  const { status } = await gate.fetch("/whoami", { headers: bearer(token) });
  expect(status).toBe(401);
  return logs.lastDecision?.reason;
}

describe.each(PROVIDERS)("an issuer in the shape $shape", (provider) => {
  const { shape, issuer, header, user, client, idToken, idTokenHeader, expected } = provider;

  it("its users reach the origin under its name, with their scopes and roles", async () => {
    const gate = gateWith(shape);
    const response = await gate.fetch("/whoami", { headers: bearer(await sign(provider, header, user)) });
    expect(response.status).toBe(200);
    const identity = decodeJwt(secret(network.originCalls[0]?.headers.get("sallyport-identity") ?? ""));
    expect(identity).toMatchObject({ ...expected, principal: "user", sub_iss: issuer });
  });

  it("its clients are clients", async () => {
    const gate = gateWith(shape);
    const response = await gate.fetch("/whoami", { headers: bearer(await sign(provider, header, client)) });
    expect(response.status).toBe(200);
    const identity = decodeJwt(secret(network.originCalls[0]?.headers.get("sallyport-identity") ?? ""));
    expect(identity).toMatchObject({ principal: "client", sub_iss: issuer, sub: identity.client_id });
  });

  it("RFC 9068 5: its ID tokens open nothing, though their audience is configured here", async () => {
    const gate = gateWith(shape);
    const reason = await refusal(gate, await sign(provider, idTokenHeader, idToken));
    expect(reason).toMatch(/token_type_wrong|token_claims_malformed/);
    expect(network.originCalls).toEqual([]);
  });

  it("the form of another provider does not pass as its own", async () => {
    const gate = gateWith(shape);
    const foreign = PROVIDERS.find((one) => one.shape === (shape === "at+jwt" ? "generic-jwt" : "at+jwt"));
    if (foreign === undefined) throw new Error("no other provider");
    const accepted = shape === "keycloak" ? { typ: "dpop+jwt" } : foreign.header;
    expect(await refusal(gate, await sign(provider, accepted, user))).toBe("token_type_wrong");
    expect(await refusal(gate, await sign(provider, { ...header, typ: "logout+jwt" }, user))).toBe("token_type_wrong");
    expect(network.calls, "no key is asked for").toEqual([]);
  });

  it("RFC 7515 4: header members that it does not send are refused in its tokens, those of others among them", async () => {
    const gate = gateWith(shape);
    const refused = shape === "entra" ? { "x5t#S256": "x" } : { x5t: "x" };
    expect(await refusal(gate, await sign(provider, { ...header, ...refused }, user))).toBe("token_header_not_allowed");
  });

  it("what the operator demands has to be there", async () => {
    const gate = gateWith(shape, { requiredClaims: { tenant: ["t1", "t2"] } });
    const good = await sign(provider, header, { ...user, tenant: "t2" });
    expect((await gate.fetch("/whoami", { headers: bearer(good) })).status).toBe(200);
    expect(await refusal(gate, await sign(provider, header, user))).toBe("token_claim_required");
    expect(await refusal(gate, await sign(provider, header, { ...user, tenant: "t3" }))).toBe("token_claim_required");
  });

  it("a token for another API is refused, one for the second of two audiences is not", async () => {
    const { aud: _, ...rest } = user;
    const moved = shape === "cognito" ? { ...rest, client_id: "another" } : { ...rest, aud: "urn:another" };
    const token = await sign(provider, header, moved);
    expect(await refusal(gateWith(shape), token)).toBe("token_audience_wrong");
    const gate = gateWith(shape, { audience: [provider.audience, shape === "cognito" ? "another" : "urn:another"] });
    expect((await gate.fetch("/whoami", { headers: bearer(token) })).status).toBe(200);
  });
});

it("RFC 7519 4.1.4-6: each issuer's clock may be ahead by as much as is configured for it; no token lives longer", async () => {
  const generic = PROVIDERS.find(({ shape }) => shape === "generic-jwt");
  if (generic === undefined) throw new Error("no such provider");
  const nowSeconds = Math.floor(Date.now() / 1000);
  const timed = (times: Json) =>
    compact(
      { alg: "RS256", kid: key.kid, typ: "JWT" },
      { ...generic.user, iss: generic.issuer, iat: nowSeconds, exp: nowSeconds + 600, ...times },
      key.sign,
    );
  const [strict, lenient] = [gateWith("generic-jwt"), gateWith("generic-jwt", { clockSkewSeconds: 60 })];
  const ahead = await timed({ iat: nowSeconds + 40, nbf: nowSeconds + 40 });
  expect(await refusal(strict, ahead)).toBe("token_issued_ahead");
  expect(await refusal(strict, await timed({ nbf: nowSeconds + 40 }))).toBe("token_not_yet_valid");
  expect((await lenient.fetch("/whoami", { headers: bearer(ahead) })).status).toBe(200);
  expect(await refusal(lenient, await timed({ iat: nowSeconds + 120 }))).toBe("token_issued_ahead");
  expect(await refusal(lenient, await timed({ iat: nowSeconds - 60, exp: nowSeconds - 1 }))).toBe("token_expired");
});

it("a token without an id is called in the log by a digest", async () => {
  const auth0 = PROVIDERS.find(({ shape }) => shape === "auth0");
  if (auth0 === undefined) throw new Error("no such provider");
  const gate = gateWith("auth0");
  const token = await sign(auth0, auth0.header, auth0.user);
  expect((await gate.fetch("/whoami", { headers: bearer(token) })).status).toBe(200);
  expect(JSON.stringify(logs.lastDecision)).toMatch(/"sha256:[\w-]{22}"/);
});
