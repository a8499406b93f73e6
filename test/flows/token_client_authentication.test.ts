import { beforeAll, describe, expect, it } from "vitest";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import { migrate, openIsolate, registerClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { askToken, basic, postForm, rawBasic } from "../support/token_requests.ts";

const GRANT = { grant_type: "client_credentials" };
const STRANGER = "cli_0000000000000000000000";
const isolate = openIsolate();
captureLogs();

/** A secret with every character that form encoding treats in its own way. */
function weirdSecret(): string {
  return `a+b%c:d é\u{1f511}&=/?${crypto.randomUUID()}`;
}

function percentEncoded(text: string): string {
  return [...new TextEncoder().encode(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}

function token(authorization: string, parameters: Record<string, string> = {}) {
  return postForm(isolate, "/oauth2/token", { ...GRANT, ...parameters }, { authorization });
}

function tokenByPost(parameters: Record<string, string>) {
  return postForm(isolate, "/oauth2/token", { ...GRANT, ...parameters });
}

beforeAll(migrate);

describe("RFC 6749 2.3.1: client_secret_basic", () => {
  it("authenticates a client", async () => {
    const client = await registerClient();
    expect((await token(basic(client))).status).toBe(200);
  });

  it("takes the scheme in any case", async () => {
    const client = await registerClient();
    expect((await token(basic(client).replace("Basic", "bAsIc"))).status).toBe(200);
  });

  it("form-decodes both halves: every character percent-encoded works", async () => {
    const client = await registerClient({ secrets: [{ text: weirdSecret(), expiresAtMs: null }] });
    expect((await token(rawBasic(percentEncoded(client.id), percentEncoded(client.secret)))).status).toBe(200);
  });

  it("reads + as a space, as form encoding writes it", async () => {
    const client = await registerClient({ secrets: [{ text: "two words here", expiresAtMs: null }] });
    expect((await token(rawBasic(client.id, "two+words+here"))).status).toBe(200);
  });

  it.each([
    ["+", "with+plus"],
    ["%", "with%percent"],
    ["% before two hex digits", "with%41bc"],
  ])("a raw secret with %s fails, and the same one encoded works", async (_, secret) => {
    const client = await registerClient({ secrets: [{ text: secret, expiresAtMs: null }] });
    expectOAuthError(await token(rawBasic(client.id, secret)), "invalid_client");
    expect((await token(rawBasic(client.id, encodeURIComponent(secret)))).status).toBe(200);
  });

  it.each([
    ["another scheme", "Bearer abc"],
    ["no base64", "Basic ???"],
    ["nothing behind the scheme", "Basic "],
    ["no colon", `Basic ${btoa(STRANGER)}`],
    ["an empty id", rawBasic("", "secret")],
    ["bytes that are not UTF-8", `Basic ${btoa(`${STRANGER}:\xff\xfe`)}`],
    ["a control character", rawBasic(STRANGER, "a%00b")],
    ["two Authorization fields", `${rawBasic(STRANGER, "a")}, ${rawBasic(STRANGER, "a")}`],
  ])("refuses a header with %s", async (_, authorization) => {
    expectOAuthError(await token(authorization), "invalid_client");
  });

  it("RFC 6749 5.2: 401 carries a Basic challenge", async () => {
    const told = await token(rawBasic(STRANGER, "wrong"));
    expect(told.headers.get("www-authenticate")).toMatch(/^Basic realm="/);
  });
});

describe("RFC 6749 2.3.1: client_secret_post", () => {
  it("authenticates a client", async () => {
    const client = await registerClient();
    expect((await tokenByPost({ client_id: client.id, client_secret: client.secret })).status).toBe(200);
  });

  it("form-decodes once: an encoded secret that is sent encoded is another secret", async () => {
    const client = await registerClient({ secrets: [{ text: weirdSecret(), expiresAtMs: null }] });
    expect((await tokenByPost({ client_id: client.id, client_secret: client.secret })).status).toBe(200);
    const twice = await tokenByPost({ client_id: client.id, client_secret: encodeURIComponent(client.secret) });
    expectOAuthError(twice, "invalid_client");
  });

  it("no credentials at all are invalid_client", async () => {
    expectOAuthError(await tokenByPost({}), "invalid_client");
  });
});

describe("RFC 6749 2.3: one method per request, the one that is registered", () => {
  it("header and body secret together are refused, alike or not", async () => {
    const client = await registerClient();
    for (const secret of [client.secret, "other"]) {
      const told = await token(basic(client), { client_id: client.id, client_secret: secret });
      expectOAuthError(told, "invalid_request");
    }
  });

  it("a client_id in the body beside the header has to be the same", async () => {
    const [client, other] = [await registerClient(), await registerClient()];
    expect((await token(basic(client), { client_id: client.id })).status).toBe(200);
    expectOAuthError(await token(basic(client), { client_id: other.id }), "invalid_request");
  });

  it("the right secret by a method that is not registered fails", async () => {
    const byHeader = await registerClient({ authMethods: ["client_secret_basic"] });
    const byBody = await registerClient({ authMethods: ["client_secret_post"] });
    expect((await token(basic(byHeader))).status).toBe(200);
    expect((await tokenByPost({ client_id: byBody.id, client_secret: byBody.secret })).status).toBe(200);
    expectOAuthError(await token(basic(byBody)), "invalid_client");
    expectOAuthError(await tokenByPost({ client_id: byHeader.id, client_secret: byHeader.secret }), "invalid_client");
  });

  it("RFC 6749 4.4: a public client is known, and not allowed client_credentials", async () => {
    const client = await registerClient({ authMethods: ["none"], secrets: [] });
    expectOAuthError(await tokenByPost({ client_id: client.id }), "unauthorized_client");
  });

  it("a public client with a stray secret gets nothing by it", async () => {
    const client = await registerClient({ authMethods: ["none"], secrets: [{ text: "stray", expiresAtMs: null }] });
    expectOAuthError(await token(basic(client)), "invalid_client");
  });

  it("RFC 6749 5.2: a client without the grant is unauthorized_client", async () => {
    const client = await registerClient({ grantTypes: [] });
    expectOAuthError(await askToken(isolate, client), "unauthorized_client");
  });
});

describe("RFC 6749 5.2: every failed proof reads the same", () => {
  it("wrong, other client's, empty and missing secrets, unknown and disabled clients: one body", async () => {
    const [client, other] = [await registerClient(), await registerClient()];
    const disabled = await registerClient({ disabled: true });
    expect((await token(basic(client))).status).toBe(200);
    const answers = await Promise.all([
      token(rawBasic(client.id, "spcs_wrong")),
      token(rawBasic(client.id, other.secret)),
      token(rawBasic(client.id, "")),
      token(rawBasic(STRANGER, client.secret)),
      token(rawBasic("not-a-client-id", client.secret)),
      token(rawBasic("__proto__", "constructor")),
      token(rawBasic("cli_'%20OR%20'1'%3D'1'%20--", client.secret)),
      token(basic(disabled)),
      tokenByPost({ client_id: client.id }),
      tokenByPost({ client_id: client.id, client_secret: "" }),
      tokenByPost({ client_id: STRANGER, client_secret: client.secret }),
      tokenByPost({ client_id: disabled.id, client_secret: disabled.secret }),
    ]);
    for (const told of answers) expectOAuthError(told, "invalid_client");
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  });

  it("a client id that differs in case is another client", async () => {
    const client = await registerClient();
    const swapped = client.id.replace(/[a-z]/gi, (letter, at: number) =>
      at < 4 ? letter : letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    );
    expectOAuthError(await token(rawBasic(swapped, client.secret)), "invalid_client");
  });
});

describe("secrets: rotation and ends", () => {
  it("two live secrets both work", async () => {
    const secrets = ["spcs_first", "spcs_second"].map((text) => ({
      text: text + crypto.randomUUID(),
      expiresAtMs: null,
    }));
    const client = await registerClient({ secrets });
    for (const { text } of secrets) expect((await askToken(isolate, { id: client.id, secret: text })).status).toBe(200);
  });

  it("a secret works until its end, and not at it", async () => {
    const text = `spcs_${crypto.randomUUID()}`;
    const soon = Date.now() + 60_000;
    const client = await registerClient({ secrets: [{ text, expiresAtMs: soon }] });
    expect((await askToken(isolate, client)).status).toBe(200);
    const past = `spcs_${crypto.randomUUID()}`;
    const ended = await registerClient({ secrets: [{ text: past, expiresAtMs: Date.now() }] });
    expectOAuthError(await askToken(isolate, ended), "invalid_client");
  });

  it("an ended secret beside a live one opens nothing", async () => {
    const live = { text: `spcs_${crypto.randomUUID()}`, expiresAtMs: null };
    const ended = { text: `spcs_${crypto.randomUUID()}`, expiresAtMs: Date.now() - 1 };
    const client = await registerClient({ secrets: [live, ended] });
    expect((await askToken(isolate, { id: client.id, secret: live.text })).status).toBe(200);
    expectOAuthError(await askToken(isolate, { id: client.id, secret: ended.text }), "invalid_client");
  });
});
