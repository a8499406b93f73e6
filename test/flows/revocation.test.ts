import { env } from "cloudflare:workers";
import { generateKeyPair, SignJWT } from "jose";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { need, readBindings } from "../../src/bindings.ts";
import { breakable } from "../support/breakable.ts";
import { databaseThat } from "../support/broken_database.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import {
  backstage,
  type Isolate,
  migrate,
  openIsolate,
  type RegisteredClient,
  registerClient,
} from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { basic, type Parameters, postForm, rawBasic, tokenOf } from "../support/token_requests.ts";

const isolate = openIsolate();
captureLogs();
let client: RegisteredClient;

beforeAll(async () => {
  await migrate();
  client = await registerClient();
});

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ from: "origin" }));
});

function revoke(parameters: Parameters, at: Isolate = isolate, authorization = basic(client)) {
  return postForm(at, "/oauth2/revoke", parameters, { authorization });
}

/** The status that a call with `token` gets at the gate of an isolate. */
async function atGate(token: string, at: Isolate = isolate): Promise<number> {
  return (await at.fetch("/orders", { headers: { authorization: `Bearer ${token}` } })).status;
}

describe("RFC 7009 2: revoking an access token", () => {
  it("answers 200 `{}` as JSON, never cached, and the token is dead at this isolate's gate at once", async () => {
    const [token, bystander] = [await tokenOf(isolate, client), await tokenOf(isolate, client)];
    expect(await atGate(token)).toBe(200);
    const told = await revoke({ token });
    expect([told.status, told.text]).toEqual([200, "{}"]);
    expect(told.headers.get("content-type")).toBe("application/json");
    expect(told.headers.get("cache-control")).toBe("no-store");
    expect([await atGate(token), await atGate(bystander)]).toEqual([401, 200]);
  });

  it("an isolate that has never seen the token refuses it as well", async () => {
    const token = await tokenOf(isolate, client);
    expect(await atGate(token, openIsolate())).toBe(200);
    await revoke({ token });
    expect(await atGate(token, openIsolate())).toBe(401);
  });

  it("a warm isolate refuses it once its picture is older than 3 s, and not because of its age", async () => {
    const warm = openIsolate();
    const [token, bystander] = [await tokenOf(isolate, client), await tokenOf(isolate, client)];
    expect([await atGate(token, warm), await atGate(bystander, warm)]).toEqual([200, 200]);
    await revoke({ token });
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 3_001);
    expect([await atGate(token, warm), await atGate(bystander, warm)]).toEqual([401, 200]);
    clock.mockRestore();
  });

  it.each(["access_token", "refresh_token", "something_else"])(
    "RFC 7009 2.1: the hint %s changes nothing",
    async (hint) => {
      const token = await tokenOf(isolate, client);
      expect((await revoke({ token, token_type_hint: hint })).status).toBe(200);
      expect(await atGate(token)).toBe(401);
    },
  );

  it("works by client_secret_post", async () => {
    const token = await tokenOf(isolate, client);
    const form = { token, client_id: client.id, client_secret: client.secret };
    expect((await postForm(isolate, "/oauth2/revoke", form)).status).toBe(200);
    expect(await atGate(token)).toBe(401);
  });

  it("a second time is 200 as well", async () => {
    const token = await tokenOf(isolate, client);
    expect((await revoke({ token })).status).toBe(200);
    expect((await revoke({ token })).status).toBe(200);
  });
});

describe("RFC 7009 2.2: what is no live token of ours is 200, and nothing is written", () => {
  it.each([
    ["garbage", "garbage"],
    ["an opaque secret", "spr_0123456789"],
    ["three dots", "..."],
    ["a JWT of nobody", `${btoa('{"alg":"none"}')}.${btoa("{}")}.x`],
    ["a name of Object", "__proto__"],
    ["20 KB", "x".repeat(20_000)],
  ])("%s", async (_, token) => {
    const before = await backstage.feed().pull({ generation: "", seq: 0 });
    const told = await revoke({ token });
    expect([told.status, told.text]).toEqual([200, "{}"]);
    expect(await backstage.feed().pull({ generation: "", seq: 0 })).toEqual(before);
  });

  it("an expired token", async () => {
    const past = vi.spyOn(Date, "now").mockReturnValue(Date.now() - 901_000);
    const token = await tokenOf(isolate, client);
    past.mockRestore();
    expect((await revoke({ token })).status).toBe(200);
  });

  it("a token with our names and a stranger's signature: 200, and the real one of that jti lives", async () => {
    const token = await tokenOf(isolate, client);
    const [header = "", claims = ""] = token.split(".").map((part) => part.replace(/-/g, "+").replace(/_/g, "/"));
    const { privateKey } = await generateKeyPair("ES256");
    const forged = await new SignJWT(JSON.parse(atob(claims)))
      .setProtectedHeader(JSON.parse(atob(header)))
      .sign(privateKey);
    expect((await revoke({ token: forged })).status).toBe(200);
    expect([await atGate(token), await atGate(forged)]).toEqual([200, 401]);
  });
});

describe("RFC 7009 2.1: who may revoke", () => {
  it("another client's token is refused and lives on", async () => {
    const other = await registerClient();
    const token = await tokenOf(isolate, other);
    expectOAuthError(await revoke({ token }), "invalid_request");
    expect(await atGate(token)).toBe(200);
    expect((await revoke({ token }, isolate, basic(other))).status).toBe(200);
    expect(await atGate(token)).toBe(401);
  });

  it("nobody, an unknown client, a wrong secret: invalid_client, and the token lives on", async () => {
    const token = await tokenOf(isolate, client);
    expectOAuthError(await postForm(isolate, "/oauth2/revoke", { token }), "invalid_client");
    expectOAuthError(await postForm(isolate, "/oauth2/revoke", { token, client_id: client.id }), "invalid_client");
    for (const authorization of [
      rawBasic(client.id, "wrong"),
      rawBasic(`cli_${"0".repeat(22)}`, client.secret),
      `Bearer ${token}`,
    ]) {
      expectOAuthError(await revoke({ token }, isolate, authorization), "invalid_client");
    }
    expect(await atGate(token)).toBe(200);
  });

  it("no token, an empty one, two of them: invalid_request", async () => {
    const token = await tokenOf(isolate, client);
    expectOAuthError(await revoke({}), "invalid_request");
    expectOAuthError(await revoke({ token: "" }), "invalid_request");
    expectOAuthError(await revoke({ token: [token, token] }), "invalid_request");
    expect(await atGate(token)).toBe(200);
  });

  it("GET, a JSON body, a token in the query: refused, and the token lives on", async () => {
    const token = await tokenOf(isolate, client);
    const authorization = basic(client);
    expect((await isolate.fetch("/oauth2/revoke", { headers: { authorization } })).headers.get("allow")).toBe("POST");
    const json = { authorization, "content-type": "application/json" };
    expectOAuthError(await postForm(isolate, "/oauth2/revoke", JSON.stringify({ token }), json), "invalid_request");
    expectOAuthError(
      await postForm(isolate, `/oauth2/revoke?token=${token}`, "", { authorization }),
      "invalid_request",
    );
    expect(await atGate(token)).toBe(200);
  });
});

describe("RFC 7009 2.2.1: with the feed out of reach nothing is reported as revoked", () => {
  it("503 with Retry-After, and the token lives on until a repetition gets through", async () => {
    const feed = breakable(need(readBindings(env), "EDGE_FEED"));
    const half = openIsolate({ bindings: { EDGE_FEED: feed.binding } });
    const token = await tokenOf(half, client);
    feed.health = "failing";
    const told = await revoke({ token }, half);
    expectOAuthError(told, "temporarily_unavailable", 503);
    expect(Number(told.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await atGate(token, openIsolate())).toBe(200);
    feed.health = "well";
    expect((await revoke({ token }, half)).status).toBe(200);
    expect(await atGate(token, openIsolate())).toBe(401);
  });

  it("D1 out of reach: 503, and the token lives on", async () => {
    const half = openIsolate({ bindings: { DB: databaseThat(() => true) } });
    const token = await tokenOf(isolate, client);
    expectOAuthError(await revoke({ token }, half), "temporarily_unavailable", 503);
    expect(await atGate(token)).toBe(200);
  });

  it("the ring out of reach: 503, for a token that cannot be read is not one that is gone", async () => {
    const ring = breakable(need(readBindings(env), "SIGNING_KEYS"));
    const half = openIsolate({ bindings: { SIGNING_KEYS: ring.binding } });
    const token = await tokenOf(isolate, client);
    ring.health = "failing";
    expectOAuthError(await revoke({ token }, half), "temporarily_unavailable", 503);
    expect(await atGate(token)).toBe(200);
  });
});
