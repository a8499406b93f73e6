import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { allowInsecureRequests, customFetch, validateJwtAccessToken } from "oauth4webapi";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { parseClientId } from "../../src/protocol/ids.ts";
import {
  API,
  ISSUER_URL,
  migrate,
  openIsolate,
  type RegisteredClient,
  registerClient,
} from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { tokenOf } from "../support/token_requests.ts";

const isolate = openIsolate();
captureLogs();
let client: RegisteredClient;

beforeAll(async () => {
  await migrate();
  client = await registerClient({ roles: ["clerk"], epoch: 7 });
});

async function keySet(): Promise<JSONWebKeySet> {
  const { json } = await isolate.fetch("/.well-known/jwks.json");
  return { keys: json.keys as JSONWebKeySet["keys"] };
}

/** Validates as a resource server does that knows nothing but the standards. */
function validate(token: string, audience: string) {
  const as = { issuer: ISSUER_URL, jwks_uri: `${ISSUER_URL}/.well-known/jwks.json` };
  const request = new Request(`${API}orders`, { headers: { authorization: `Bearer ${token}` } });
  return validateJwtAccessToken(as, request, audience, {
    [allowInsecureRequests]: true,
    [customFetch]: async (url) => {
      const { status, headers, text } = await isolate.fetch(String(url));
      return new Response(text, { status, headers });
    },
  });
}

describe("RFC 9068 2: JWT access tokens", () => {
  it("carry every required claim, and no more than is documented", async () => {
    const clock = vi.spyOn(Date, "now").mockReturnValue(1_790_000_000_999);
    const token = await tokenOf(isolate, client, { resource: API });
    clock.mockRestore();
    expect(decodeProtectedHeader(token)).toEqual({ alg: "ES256", typ: "at+jwt", kid: expect.any(String) });
    expect(decodeJwt(token)).toEqual({
      iss: ISSUER_URL,
      sub: client.id,
      aud: API,
      client_id: client.id,
      scope: "orders:read orders:write",
      roles: ["clerk"],
      iat: 1_790_000_000,
      exp: 1_790_000_900,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      epochs: { client: 7 },
    });
  });

  it("pass oauth4webapi's validateJwtAccessToken for each of their audiences", async () => {
    const token = await tokenOf(isolate, client);
    for (const audience of [ISSUER_URL, API]) {
      expect(await validate(token, audience)).toMatchObject({ sub: client.id, client_id: client.id, iss: ISSUER_URL });
    }
    await expect(validate(token, "https://other.example/")).rejects.toThrow();
  });

  it("verify with jose by the published key set, and not once a bit is flipped", async () => {
    const token = await tokenOf(isolate, client);
    const keys = createLocalJWKSet(await keySet());
    const expected = { issuer: ISSUER_URL, audience: API, typ: "at+jwt", algorithms: ["ES256"] };
    expect((await jwtVerify(token, keys, expected)).payload.sub).toBe(client.id);
    const at = token.lastIndexOf(".") + 10;
    const flipped = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
    await expect(jwtVerify(flipped, keys, expected)).rejects.toThrow();
  });

  it("RFC 9068 5, RFC 9700 4.15: sub is the client's id, which no user's can equal", async () => {
    const { sub, client_id: clientId } = decodeJwt(await tokenOf(isolate, client));
    expect(sub).toBe(clientId);
    expect(parseClientId(String(sub))).toBe(sub);
    expect(parseClientId(String(sub).replace("cli_", "usr_"))).toBeNull();
  });

  it("live as long as expires_in says", async () => {
    const { exp = 0, iat = 0 } = decodeJwt(await tokenOf(isolate, client));
    expect(exp - iat).toBe(900);
  });
});
