import { createExecutionContext } from "cloudflare:test";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { adminApp, OPERATIONS } from "../../src/admin/app.ts";
import { parseAccessTokenClaims } from "../../src/protocol/access_token.ts";
import { parseClientId } from "../../src/protocol/ids.ts";
import { tokenEntry } from "../../src/protocol/token_revocation.ts";
import { type AdminCaller, adminCaller, migrate, mintToken, stores, type TokenWishes } from "../support/admin_world.ts";

const BOUND = { "x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0" };
let admin: AdminCaller;
let issuer: string;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
  issuer = admin.parts.issuerUrl;
});

function withToken(token: string, caller = admin) {
  return caller.call("GET", "/clients", undefined, { authorization: `Bearer ${token}` });
}

describe("the admin API takes an operator's token and nothing else", () => {
  it("positive control: a token for the issuer alone with scope admin opens it", async () => {
    expect((await withToken(await mintToken())).status).toBe(200);
  });

  it("RFC 6750 3: nothing sent is 401 with a bare challenge", async () => {
    const told = await admin.call("GET", "/clients", undefined, { authorization: "" });
    expect(told.status).toBe(401);
    expect(told.headers.get("www-authenticate")).toBe("Bearer");
    expect(told.json).toMatchObject({ code: "unauthenticated", status: 401 });
    expect(told.headers.get("content-type")).toBe("application/problem+json");
  });

  it("RFC 6750 3.1: another scheme counts as nothing sent", async () => {
    const told = await admin.call("GET", "/clients", undefined, { authorization: "Basic YTpi" });
    expect(told.headers.get("www-authenticate")).toBe("Bearer");
    expect(told.status).toBe(401);
  });

  const refused: readonly [string, TokenWishes | ((api: string) => TokenWishes), string][] = [
    ["for an API", (api) => ({ audience: [api] }), "the access token is not valid here"],
    ["for the issuer and an API, though it has the scope", (api) => ({ audience: [issuer, api] }), "not valid here"],
    ["for the issuer twice", () => ({ audience: [issuer, issuer] }), "not valid here"],
    ["of a person, though it has the scope", { subject: "usr_0000000000000000000001" }, "not valid here"],
    ["that expired", { issuedSecondsAgo: 901 }, "the access token expired"],
    ["issued ahead of time", { issuedSecondsAgo: -60 }, "not valid here"],
    ["that is bound to a certificate, which nothing here looks at", { confirmation: BOUND }, "not valid here"],
    ["that is bound to a DPoP key", { confirmation: { jkt: "x" } }, "not valid here"],
    ["of type JWT", { type: "JWT" }, "not valid here"],
    ["that is an ID token by type", { type: "id+jwt" }, "not valid here"],
  ];
  it.each(refused)("refuses a token %s", async (_name, wishes, description) => {
    const [api] = admin.parts.catalog.apis;
    const token = await mintToken(typeof wishes === "function" ? wishes(api.resource) : wishes);
    const told = await withToken(token);
    expect(told.status).toBe(401);
    expect(told.json).toMatchObject({ code: "invalid_token" });
    expect(told.headers.get("www-authenticate")).toContain('Bearer error="invalid_token"');
    expect(told.headers.get("www-authenticate")).toContain(description);
  });

  it("takes `application/at+jwt` as the same type (RFC 9068 4)", async () => {
    expect((await withToken(await mintToken({ type: "application/at+jwt" }))).status).toBe(200);
  });

  it("refuses a token with one flipped bit, and text that is no token", async () => {
    const token = await mintToken();
    const [head, claims, signature = ""] = token.split(".");
    const flipped = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
    for (const text of [`${head}.${claims}.${flipped}`, "x", "a b", ""]) {
      const told = await withToken(text);
      expect(told.status, text).toBe(401);
      expect(told.headers.get("www-authenticate"), text).toContain('error="invalid_token"');
    }
  });

  it("RFC 6750 3.1: without the scope it is 403 and the header names the scope", async () => {
    const told = await withToken(await mintToken({ scopes: ["orders:read"] }));
    expect(told.status).toBe(403);
    expect(told.json.code).toBe("insufficient_scope");
    expect(told.headers.get("www-authenticate")).toBe('Bearer error="insufficient_scope", scope="admin"');
    expect((await withToken(await mintToken({ scopes: ["admin:read", "ADMIN"] }))).status).toBe(403);
  });

  it("two credentials are 400, and a token in the URL is never honoured", async () => {
    const token = await mintToken();
    const twice = { authorization: `Bearer ${token}, Bearer ${token}` };
    expect((await admin.call("GET", "/clients", undefined, twice)).json.code).toBe("ambiguous_credentials");
    const both = { "x-api-key": "sk_live_x" };
    expect((await admin.call("GET", "/clients", undefined, both)).json.code).toBe("ambiguous_credentials");
    const inUrl = await admin.call("GET", `/clients?access_token=${token}`, undefined, { authorization: "" });
    expect(inUrl.status).toBe(400);
    expect(inUrl.json.code).toBe("credential_in_query");
    expect(inUrl.text).not.toContain(token);
  });

  it("a session cookie or an API key alone opens nothing", async () => {
    const cookie = { authorization: "", cookie: "session=sps_x" };
    expect((await admin.call("GET", "/clients", undefined, cookie)).status).toBe(401);
    const key = { authorization: "", "x-api-key": "sk_live_x" };
    expect((await admin.call("GET", "/clients", undefined, key)).status).toBe(401);
  });
});

describe("revocation reaches the admin API through the edge feed", () => {
  it("RFC 7009: a revoked token is refused, its sibling is not", async () => {
    const token = await mintToken();
    const sibling = await mintToken();
    const claims = parseAccessTokenClaims(
      JSON.parse(atob((token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/"))),
    );
    if (!claims.ok) throw new Error("not a token");
    await stores.feed.append([tokenEntry(claims.value)]);
    admin.parts.revocations.expire();
    expect((await withToken(token)).json.code).toBe("invalid_token");
    expect((await withToken(sibling)).status).toBe(200);
  });

  it("disabling an admin client ends the tokens it holds, at once in this isolate", async () => {
    const made = await admin.call("POST", "/clients", { name: "Second operator", scopes: ["admin"] });
    const clientId = parseClientId(made.json.id);
    if (clientId === null) throw new Error("not a client id");
    const token = await mintToken({ clientId });
    expect((await withToken(token)).status).toBe(200);
    expect((await admin.call("PATCH", `/clients/${clientId}`, { disabled: true })).status).toBe(200);
    const told = await withToken(token);
    expect(told.status).toBe(401);
    expect(told.json.code).toBe("invalid_token");
  });

  it("without a picture of revocations nobody is let in: 503 with Retry-After", async () => {
    const blind = await adminCaller({ revocations: { view: async () => null, expire: () => undefined } });
    const told = await withToken(await mintToken(), blind);
    expect(told.status).toBe(503);
    expect(told.json.code).toBe("temporarily_unavailable");
    expect(Number(told.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

describe("a request that is held back", () => {
  it("is not run by a token that ended before its body was there", async () => {
    const token = await mintToken({ issuedSecondsAgo: 890 });
    const sendIn = async (heldMs: number) => {
      let isBegun = false;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (isBegun) vi.setSystemTime(Date.now() + heldMs);
          controller.enqueue(new TextEncoder().encode(isBegun ? '"Held","scopes":["orders:read"]}' : '{"name":'));
          if (isBegun) controller.close();
          isBegun = true;
        },
      });
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const request = new Request(`${issuer}/admin/v1/clients`, { method: "POST", headers, body });
      return (await adminApp(admin.parts).fetch(request, {}, createExecutionContext())).status;
    };
    expect([await sendIn(0), await sendIn(20_000)]).toEqual([201, 401]);
  });
});

describe("admission stands before every path (API5)", () => {
  const paths = OPERATIONS.map(({ method, path }) => [method, path.replaceAll(/\{\w+\}/g, "x")] as const);
  it.each([...paths, ["GET", "/nope"] as const, ["PUT", "/clients"] as const])("%s %s", async (method, path) => {
    const outside = await admin.call(method, path, undefined, { authorization: "" });
    expect(outside.status).toBe(401);
    const [api] = admin.parts.catalog.apis;
    const user = await mintToken({ audience: [issuer, api.resource], scopes: ["admin"] });
    expect((await admin.call(method, path, undefined, { authorization: `Bearer ${user}` })).status).toBe(401);
    const machine = await mintToken({ scopes: ["orders:read"] });
    expect((await admin.call(method, path, undefined, { authorization: `Bearer ${machine}` })).status).toBe(403);
  });
});
