import { beforeAll, describe, expect, it, vi } from "vitest";
import { IDENTITY_TYPE } from "../../src/access/identity.ts";
import { bearer, claims, compact, type ForgeKey, header, ringKey, token } from "../support/forge.ts";
import { GATEWAY_URL, ISSUER_URL, RESOURCE } from "../support/gateway_config.ts";
import { type Installation, install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { expectAccepted, expectInvalidToken, METADATA, problemOf } from "../support/refused.ts";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

async function openGate(): Promise<Installation> {
  const gate = install();
  await expectAccepted(gate, await token(ring));
  network.calls.length = 0;
  return gate;
}

async function refuse(changes: Record<string, unknown>, reason: string | RegExp) {
  await expectInvalidToken({ gate: await openGate(), logs, network }, await token(ring, changes), reason);
}

function seconds(offset: number): number {
  return Math.floor(Date.now() / 1000) + offset;
}

describe("RFC 9068 4: the audience is us, exactly", () => {
  const wrong: readonly [string, unknown][] = [
    ["another API", "https://other.test/"],
    ["a prefix", GATEWAY_URL],
    ["a longer one", `${RESOURCE}v1`],
    ["another case", RESOURCE.toUpperCase()],
    ["another scheme", RESOURCE.replace("https", "http")],
    ["with the default port", "https://api.test:443/"],
    ["the issuer alone", ISSUER_URL],
    ["a list without us", ["https://other.test/", ISSUER_URL]],
    ["an empty list", []],
    ["our name inside a text", `https://other.test/ ${RESOURCE}`],
  ];
  it.each(wrong)("aud: %s is refused", async (_, aud) => refuse({ aud }, "token_audience_wrong"));

  it.each([[undefined], [null], [7], [{ [RESOURCE]: true }], [[RESOURCE, 7]], [[[RESOURCE]]]])(
    "aud: %j is no audience",
    async (aud) => refuse({ aud }, "token_claims_malformed"),
  );

  it("a list with us in it is accepted", async () => {
    await expectAccepted(install(), await token(ring, { aud: ["https://other.test/", RESOURCE] }));
  });
});

describe("RFC 9068 4: the issuer is one we trust, exactly", () => {
  it.each([
    `${ISSUER_URL}/`,
    ISSUER_URL.replace("https", "http"),
    ISSUER_URL.toUpperCase(),
    `${ISSUER_URL}/tenant`,
    `${ISSUER_URL}:443`,
    "https://evil.test",
    "__proto__",
  ])("iss %j is refused", async (iss) => refuse({ iss }, "token_issuer_unknown"));

  it.each([[undefined], [null], [""], [[ISSUER_URL]], [1]])("iss %j is no issuer", async (iss) =>
    refuse({ iss }, "token_claims_malformed"),
  );
});

describe("RFC 7519 4.1.4-4.1.6: times are numbers and are kept", () => {
  const malformed: readonly [string, Record<string, unknown>][] = [
    ["no exp", { exp: undefined }],
    ["exp as text", { exp: "9999999999" }],
    ["exp null", { exp: null }],
    ["exp negative", { exp: -1 }],
    ["exp true", { exp: true }],
    ["exp in a list", { exp: [9_999_999_999] }],
    ["no iat", { iat: undefined }],
    ["iat as text", { iat: "1" }],
    ["nbf as text", { nbf: "1" }],
    ["nbf null", { nbf: null }],
  ];
  it.each(malformed)("%s is refused", async (_, changes) => refuse(changes, "token_claims_malformed"));

  it.each(["1e400", "-1e400", "NaN", "Infinity"])(
    "exp %s, which is no number in range, is refused",
    async (literal) => {
      const text = JSON.stringify(claims()).replace(/"exp":\d+/, `"exp":${literal}`);
      const forged = await compact(header(ring), text, ring.sign);
      await expectInvalidToken({ gate: await openGate(), logs, network }, forged, "token_claims_malformed");
    },
  );

  it("nbf and iat in five minutes are refused; within the skew of 5 s they are accepted", async () => {
    await refuse({ nbf: seconds(300) }, "token_not_yet_valid");
    await refuse({ iat: seconds(300) }, "token_issued_ahead");
    await expectAccepted(install(), await token(ring, { nbf: seconds(4), iat: seconds(4) }));
    await refuse({ nbf: seconds(7) }, "token_not_yet_valid");
    await refuse({ iat: seconds(7) }, "token_issued_ahead");
  });

  it("a float exp in range is accepted until it has passed", async () => {
    const start = Date.parse("2026-11-01T00:00:00Z");
    vi.setSystemTime(start);
    try {
      const gate = install();
      const half = await token(ring, { exp: start / 1000 + 10.5 });
      await expectAccepted(gate, half);
      vi.setSystemTime(start + 10_499);
      await expectAccepted(gate, half);
      vi.setSystemTime(start + 10_500);
      const late = await gate.fetch("/orders", { headers: bearer(half) });
      expect((await problemOf(late)).code).toBe("token_expired");
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("RFC 6750 3.1: only a token without another fault is told that it expired", () => {
  it.each([1, 3600])("expired %d s ago: said in header and body, with no skew", async (ago) => {
    const gate = await openGate();
    const old = await token(ring, { iat: seconds(-4_000), exp: seconds(-ago) });
    const response = await gate.fetch("/orders", { headers: bearer(old) });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain(
      `Bearer error="invalid_token", error_description="the access token expired", ${METADATA}`,
    );
    expect(await problemOf(response)).toMatchObject({
      code: "token_expired",
      error: "invalid_token",
      error_description: "the access token expired",
    });
    expect(logs.lastDecision).toMatchObject({ reason: "token_expired", credential_id: expect.any(String) });
    expect(network.calls).toEqual([]);
  });

  it("an old token with any other fault is refused like every bad one", async () => {
    const old = { iat: seconds(-4_000), exp: seconds(-10) };
    await refuse({ ...old, aud: "https://other.test/" }, "token_audience_wrong");
    await refuse({ ...old, iss: "https://evil.test" }, "token_issuer_unknown");
    await refuse({ ...old, nbf: seconds(300) }, "token_not_yet_valid");
    const forged = await token({ ...ring, sign: async () => new Uint8Array(64).fill(7) }, old);
    await expectInvalidToken({ gate: await openGate(), logs, network }, forged, "token_signature_wrong");
    const typed = await token(ring, old, { typ: "JWT" });
    await expectInvalidToken({ gate: await openGate(), logs, network }, typed, "token_type_wrong");
  });
});

describe("RFC 9068 4, RFC 8725 3.11: only access tokens are access tokens", () => {
  it.each(["at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "APPLICATION/AT+JWT"])(
    "typ %s is accepted",
    async (typ) => {
      await expectAccepted(install(), await token(ring, {}, { typ }));
    },
  );

  it.each([
    "JWT",
    "jwt",
    "logout+jwt",
    "dpop+jwt",
    "client-authentication+jwt",
    "secevent+jwt",
    IDENTITY_TYPE,
    "application/application/at+jwt",
    "text/at+jwt",
    "at+jwt ",
    " at+jwt",
    "at+jwt;v=1",
    "",
    undefined,
  ])("typ %j on the ring's own signature is refused", async (typ) => {
    await expectInvalidToken(
      { gate: await openGate(), logs, network },
      await token(ring, {}, { typ }),
      "token_type_wrong",
    );
  });

  it("OpenID Connect Core 2: an ID token is refused, also one whose audience is us", async () => {
    const { jti: _, client_id: __, scope: ___, ...idToken } = claims({ nonce: "n", auth_time: 1, aud: RESOURCE });
    const typed = await compact(header(ring, { typ: "JWT" }), idToken, ring.sign);
    await expectInvalidToken({ gate: await openGate(), logs, network }, typed, "token_type_wrong");
    const disguised = await compact(header(ring), idToken, ring.sign);
    await expectInvalidToken({ gate: await openGate(), logs, network }, disguised, "token_claims_malformed");
  });

  it.each(["sub", "client_id", "jti"])("RFC 9068 2.2: a token without %s is refused", async (name) => {
    await refuse({ [name]: undefined }, "token_claims_malformed");
    await refuse({ [name]: "" }, "token_claims_malformed");
    await refuse({ [name]: { toString: "x" } }, "token_claims_malformed");
  });

  it.each([
    ["scope", ["orders:read"]],
    ["scope", 1],
    ["roles", "manager"],
    ["roles", [1]],
    ["epochs", "1"],
    ["epochs", { client: -1 }],
    ["epochs", { client: 1.5 }],
    ["epochs", { client: "1" }],
    ["epochs", { user: -1 }],
    ["epochs", { user: "1" }],
    ["grant_id", ["grt_a"]],
    ["grant_id", ""],
  ])("%s %j is malformed and refused", async (name, value) => refuse({ [name]: value }, "token_claims_malformed"));

  it("RFC 8725 2.4: a claim that appears twice is refused, whichever value a parser would take", async () => {
    const gate = await openGate();
    const text = JSON.stringify(claims());
    await expectAccepted(gate, await compact(header(ring), text, ring.sign));
    network.calls.length = 0;
    for (const extra of ['"sub":"usr_x"', '"s\\u0075b":"usr_x"', '"scope":"orders:write"', '"exp":9999999999']) {
      const twice = `${text.slice(0, -1)},${extra}}`;
      const forged = await compact(header(ring), twice, ring.sign);
      await expectInvalidToken({ gate, logs, network }, forged, "token_claims_malformed");
    }
  });

  it.each(["[]", "null", "7", "{", '{"a":1}x', `${"[".repeat(5_000)}${"]".repeat(5_000)}`])(
    "claims that read %j are refused",
    async (text) => {
      const forged = await compact(header(ring), text, ring.sign);
      await expectInvalidToken({ gate: await openGate(), logs, network }, forged, "token_claims_malformed");
    },
  );
});
