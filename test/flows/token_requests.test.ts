import { exports } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import {
  API,
  ISSUER_URL,
  migrate,
  openIsolate,
  type RegisteredClient,
  readWhole,
  registerClient,
} from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { askToken, basic, formBody, type Parameters, postForm } from "../support/token_requests.ts";

const GRANT = { grant_type: "client_credentials" };
const KIB = 1024;
const isolate = openIsolate();
captureLogs();
let client: RegisteredClient;

beforeAll(async () => {
  await migrate();
  client = await registerClient();
});

function token(parameters: Parameters | string, headers: Readonly<Record<string, string>> = {}) {
  return postForm(isolate, "/oauth2/token", parameters, { authorization: basic(client), ...headers });
}

/** A form of exactly `bytes` bytes that would be granted if its size did not matter. */
function formOfSize(bytes: number): string {
  const start = `${formBody(GRANT)}&padding=`;
  return start + "x".repeat(bytes - start.length);
}

describe("RFC 6749 3.2: parameters are sent once", () => {
  it.each(["grant_type", "client_id", "client_secret", "scope", "padding", "__proto__", "constructor"])(
    "%s twice is refused, even when both say the same",
    async (name) => {
      const honest = new Map<string, string>([
        ["grant_type", "client_credentials"],
        ["client_id", client.id],
        ["scope", "orders:read"],
      ]);
      const value = honest.get(name) ?? "x";
      const others = name === "grant_type" ? {} : GRANT;
      if (name !== "client_secret") expect((await token({ ...others, [name]: value })).status).toBe(200);
      expectOAuthError(await token(`${formBody(others)}&${formBody({ [name]: [value, value] })}`), "invalid_request");
    },
  );

  it("a name spelled with escapes is the same name", async () => {
    expectOAuthError(await token(`${formBody(GRANT)}&grant%5Ftype=client_credentials`), "invalid_request");
  });

  it("RFC 8707 2: resource may repeat, for one API", async () => {
    expect((await token({ ...GRANT, resource: [API, API] })).json).toMatchObject({ token_type: "Bearer" });
    expectOAuthError(await token({ ...GRANT, resource: [API, ISSUER_URL] }), "invalid_target");
  });

  it("RFC 6749 3.2: a parameter without a value is as if it were not sent; an unknown one is ignored", async () => {
    expect((await token({ ...GRANT, scope: "", resource: "", client_id: "" })).json.scope).toBe(
      "orders:read orders:write",
    );
    expect(
      (await token({ ...GRANT, audience: "https://evil.test", ["__proto__"]: "x", constructor: "y" })).status,
    ).toBe(200);
  });

  const bodyOnly = [
    "client_id",
    "client_secret",
    "grant_type",
    "scope",
    "resource",
    "code",
    "code_verifier",
    "refresh_token",
  ];
  it.each(bodyOnly)("RFC 6749 3.2: %s in the query is refused", async (name) => {
    const headers = { authorization: basic(client) };
    const there = await postForm(isolate, `/oauth2/token?${name}=orders:read`, GRANT, headers);
    expectOAuthError(there, "invalid_request");
    expect((await postForm(isolate, "/oauth2/token?unrelated=1", GRANT, headers)).status).toBe(200);
  });

  it("RFC 6750 2.3: an access_token in the query is refused before anything else", async () => {
    expect(
      (await postForm(isolate, "/oauth2/token?access_token=x", GRANT, { authorization: basic(client) })).status,
    ).toBe(400);
  });
});

describe("RFC 6749 3.2: POST with a form, and nothing else", () => {
  it.each(["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])("%s is 405 and names POST", async (method) => {
    const told = await isolate.fetch("/oauth2/token", { method, headers: { authorization: basic(client) } });
    expect(told.status).toBe(405);
    expect(told.headers.get("allow")).toBe("POST");
    if (method !== "HEAD") expect(told.json.error).toBe("invalid_request");
  });

  it.each([
    ["JSON", "application/json", JSON.stringify(GRANT)],
    ["text", "text/plain", formBody(GRANT)],
    [
      "multipart",
      "multipart/form-data; boundary=x",
      '--x\r\ncontent-disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--x--\r\n',
    ],
    ["a type that only begins alike", "application/x-www-form-urlencoded-not", formBody(GRANT)],
    ["two types", "text/plain, application/x-www-form-urlencoded", formBody(GRANT)],
    ["an empty type", "", formBody(GRANT)],
  ])("a body of %s is refused", async (_, contentType, body) => {
    expectOAuthError(await token(body, { "content-type": contentType }), "invalid_request");
  });

  it("a body without a type is refused", async () => {
    const body = new TextEncoder().encode(formBody(GRANT));
    const told = await isolate.fetch("/oauth2/token", {
      method: "POST",
      headers: { authorization: basic(client) },
      body,
    });
    expectOAuthError(told, "invalid_request");
  });

  it.each([
    "application/x-www-form-urlencoded; charset=utf-8",
    "application/x-www-form-urlencoded;charset=UTF-8",
    "Application/X-WWW-Form-UrlEncoded",
  ])("%s is a form", async (contentType) => {
    expect((await token(GRANT, { "content-type": contentType })).status).toBe(200);
  });
});

describe("RFC 6749 5.2: what cannot be read is invalid_request and tells nothing inside", () => {
  it.each([
    ["a broken escape", "grant_type=client_credentials&scope=%zz"],
    ["half an escape at the end", "grant_type=client_credentials&scope=orders%3"],
    ["NUL", "grant_type=client_credentials&scope=orders%00read"],
    ["an escape", "grant_type=client_credentials&scope=%1B%5B2J"],
    ["bytes that are not UTF-8", "grant_type=client_credentials&scope=%ff%fe"],
    ["an overlong slash", "grant_type=client_credentials&scope=%c0%af"],
    ["half of a surrogate pair", "grant_type=client_credentials&scope=%ed%a0%80"],
    ["raw characters beyond ASCII", "grant_type=client_credentials&scope=é"],
    ["a line end in a name", "grant_type=client_credentials\r\n&scope=orders:read"],
  ])("%s", async (_, body) => {
    const told = await token(body);
    expectOAuthError(told, "invalid_request");
    expect(told.text).not.toMatch(/at |\.ts|sqlite|D1_|orders/i);
  });

  it("raw bytes that are not UTF-8", async () => {
    const body = Uint8Array.from([...new TextEncoder().encode("grant_type=client_credentials&x="), 0xff, 0xfe]);
    const headers = { authorization: basic(client), "content-type": "application/x-www-form-urlencoded" };
    expectOAuthError(await isolate.fetch("/oauth2/token", { method: "POST", headers, body }), "invalid_request");
  });

  it("101 parameters are too many, 100 are not", async () => {
    const filler = (count: number) => Array.from({ length: count }, (_, at) => `&p${at}=x`).join("");
    expect((await token(formBody(GRANT) + filler(99))).status).toBe(200);
    expectOAuthError(await token(formBody(GRANT) + filler(100)), "invalid_request");
  });

  it("an empty body has no grant_type", async () => {
    expectOAuthError(await token(""), "invalid_request");
  });

  it.each([
    ["password", { username: "a", password: "b" }],
    ["implicit", {}],
    ["urn:ietf:params:oauth:grant-type:jwt-bearer", { assertion: "x" }],
    ["CLIENT_CREDENTIALS", {}],
    ["client_credentials ", {}],
    ["client_credentials\n", {}],
    ["__proto__", {}],
    ["constructor", {}],
  ])("the grant %j is unsupported_grant_type", async (grantType, more) => {
    expectOAuthError(await token({ grant_type: grantType, ...more }), "unsupported_grant_type");
  });
});

describe("RFC 9110 15.5.14: a body above 64 KiB is 413", () => {
  const headers = () => ({ authorization: basic(client), "content-type": "application/x-www-form-urlencoded" });

  it("64 KiB pass, one byte more does not, by the length that is stated", async () => {
    const length = (body: string) => ({ "content-length": String(body.length) });
    const [fits, tooLarge] = [formOfSize(64 * KIB), formOfSize(64 * KIB + 1)];
    expect((await token(fits, length(fits))).status).toBe(200);
    expectOAuthError(await token(tooLarge, length(tooLarge)), "invalid_request", 413);
  });

  it("the same without a stated length, and the rest of the body is not read", async () => {
    let chunks = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        chunks += 1;
        controller.enqueue(new TextEncoder().encode("x".repeat(KIB)));
        if (chunks > 10_000) controller.close();
      },
    });
    const told = await isolate.fetch("/oauth2/token", { method: "POST", headers: headers(), body: endless });
    expectOAuthError(told, "invalid_request", 413);
    expect(chunks).toBeLessThan(100);
    const bytes = new TextEncoder().encode(formOfSize(64 * KIB));
    const body = new Blob([bytes]).stream();
    expect((await isolate.fetch("/oauth2/token", { method: "POST", headers: headers(), body })).status).toBe(200);
  });

  it("a length that lies small does not let more in", async () => {
    expectOAuthError(await token(formOfSize(64 * KIB + 1), { "content-length": "10" }), "invalid_request", 413);
  });

  it("holds for the Worker itself as well", async () => {
    const ask = async (body: string) =>
      readWhole(
        await exports.default.fetch(`${ISSUER_URL}/oauth2/token`, { method: "POST", headers: headers(), body }),
      );
    expect((await ask(formOfSize(64 * KIB))).status).toBe(200);
    expectOAuthError(await ask(formOfSize(64 * KIB + 1)), "invalid_request", 413);
  });
});

describe("RFC 6749 5.1: token answers", () => {
  it("are JSON, never cached, with exactly the members of the grant", async () => {
    const told = await askToken(isolate, client);
    expect(told.status).toBe(200);
    expect(told.headers.get("content-type")).toBe("application/json");
    expect(told.headers.get("cache-control")).toBe("no-store");
    expect(told.headers.get("pragma")).toBe("no-cache");
    expect(told.headers.get("x-content-type-options")).toBe("nosniff");
    expect(told.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(told.json).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: "Bearer",
      expires_in: 900,
      scope: "orders:read orders:write",
    });
  });

  it("item 206: %0d%0a in a parameter splits no header", async () => {
    const told = await token("grant_type=client_credentials&scope=a%0d%0aset-cookie:%20x=1");
    expect(told.status).toBe(400);
    expect(told.headers.has("set-cookie")).toBe(false);
  });
});
