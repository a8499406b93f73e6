// Long because every check of the endpoint has its row in one of two tables.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { platformRandom } from "../../../src/kernel/random.ts";
import { checkAuthorizationRequest } from "../../../src/protocol/authorization_request.ts";
import type { AuthorizingClient } from "../../../src/protocol/authorize/authorizing_client.ts";
import { parseParameters } from "../../../src/protocol/authorize/parameters.ts";
import { newClientId } from "../../../src/protocol/ids.ts";
import { NO_PEOPLE } from "../../../src/protocol/person_facing.ts";
import type { TargetCatalog } from "../../../src/protocol/token_target.ts";

const CATALOG: TargetCatalog = {
  issuer: "https://issuer.example",
  issuerScopes: new Set(["admin"]),
  apis: [
    { resource: "https://one.example/", scopes: new Set(["read", "write"]) },
    { resource: "https://two.example/", scopes: new Set(["other"]) },
  ],
};
const REDIRECT_URI = "https://app.example/cb?tenant=1";
const CLIENT: AuthorizingClient = {
  id: newClientId(platformRandom),
  authMethods: ["client_secret_basic"],
  grantTypes: ["authorization_code", "refresh_token"],
  scopes: ["openid", "email", "offline_access", "read", "other", "admin"],
  defaultScopes: ["openid", "read"],
  person: { ...NO_PEOPLE, redirectUris: [REDIRECT_URI] },
};
const PUBLIC: AuthorizingClient = { ...CLIENT, authMethods: ["none"] };
const EXEMPT: AuthorizingClient = { ...CLIENT, person: { ...CLIENT.person, requirePkce: false } };
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const GOOD = {
  client_id: CLIENT.id,
  redirect_uri: REDIRECT_URI,
  response_type: "code",
  scope: "openid read",
  state: "s",
  code_challenge: CHALLENGE,
  code_challenge_method: "S256",
};

type Changes = Readonly<Record<string, string | undefined>>;

function queryOf(changes: Changes): string {
  const fields = Object.entries({ ...GOOD, ...changes }).filter(([, value]) => value !== undefined);
  return new URLSearchParams(fields.map(([name, value]) => [name, String(value)])).toString();
}

function check(changes: Changes = {}, client: AuthorizingClient | null = CLIENT, more = "", body = "") {
  const read = parseParameters(`${queryOf(changes)}${more}`, body);
  if (!read.ok) throw new Error(read.error.reason);
  return checkAuthorizationRequest(read.value, client, CATALOG);
}

function accepted(changes: Changes = {}, client: AuthorizingClient = CLIENT, more = "") {
  const checked = check(changes, client, more);
  if (!checked.ok) throw new Error(checked.error.error.reason);
  return checked.value;
}

describe("RFC 6749 4.1.1: a request that passes", () => {
  it("becomes typed, and keeps nothing that nobody asked for", () => {
    expect(accepted({ foo: "bar", nonce: "n" })).toEqual({
      clientId: CLIENT.id,
      redirectUri: REDIRECT_URI,
      responseMode: "query",
      state: "s",
      scopes: ["openid", "read"],
      resource: null,
      codeChallenge: CHALLENGE,
      prompts: [],
      maxAgeSeconds: null,
      loginHint: null,
      uiLocales: null,
      nonce: "n",
      idTokenHint: null,
    });
  });

  it.each<[string, Changes, object, AuthorizingClient]>([
    ["no scope: the client's defaults", { scope: undefined }, { scopes: ["openid", "read"] }, CLIENT],
    ["fragment", { response_mode: "fragment" }, { responseMode: "fragment" }, CLIENT],
    ["form_post", { response_mode: "form_post" }, { responseMode: "form_post" }, CLIENT],
    [
      "an API by name",
      { resource: "https://two.example/", scope: "other" },
      { resource: "https://two.example/" },
      CLIENT,
    ],
    ["several prompts", { prompt: "login consent" }, { prompts: ["login", "consent"] }, CLIENT],
    ["max_age 0", { max_age: "0" }, { maxAgeSeconds: 0 }, CLIENT],
    ["an empty state is none", { state: "" }, { state: null }, CLIENT],
    ["a hint that is too long is none", { login_hint: "x".repeat(400) }, { loginHint: null }, CLIENT],
    [
      "hints of every kind",
      { acr_values: "1", claims: "{not json", display: "page", ui_locales: "de" },
      { uiLocales: "de" },
      CLIENT,
    ],
    [
      "a nonce in the place of PKCE",
      { code_challenge: undefined, code_challenge_method: undefined, nonce: "n" },
      { codeChallenge: null },
      EXEMPT,
    ],
    ["PKCE of an exempted client", {}, { codeChallenge: CHALLENGE }, EXEMPT],
    ["offline_access", { scope: "openid offline_access" }, { scopes: ["openid", "offline_access"] }, CLIENT],
    [
      "offline_access without the refresh_token grant is left out",
      { scope: "openid offline_access" },
      { scopes: ["openid"] },
      { ...CLIENT, grantTypes: ["authorization_code"] },
    ],
    ["a nonce of 256 letters of any script", { nonce: "ñ😀".repeat(128) }, { nonce: "ñ😀".repeat(128) }, CLIENT],
  ])("%s", (_name, changes, expected, client) => {
    expect(accepted(changes, client)).toMatchObject(expected);
  });

  it("state is kept byte for byte", () => {
    for (const state of [" a b ", "%2B+%", "emoji 😀", "x".repeat(2_000), '"><script>', "a\r\nb"]) {
      expect(accepted({ state }).state).toBe(state);
    }
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (state) => {
        fc.pre(!/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(state));
        expect(accepted({ state }).state).toBe(state);
      }),
    );
  });
});

describe("RFC 9700 4.11.2: nothing is sent anywhere before client and redirect URI are proven", () => {
  it.each<[string, Changes, AuthorizingClient | null, string, string]>([
    ["no such client", {}, null, "", "unknown_client"],
    ["no redirect_uri", { redirect_uri: undefined }, CLIENT, "", "no_redirect_uri"],
    ["another redirect_uri", { redirect_uri: "https://evil.test/" }, CLIENT, "", "redirect_uri_not_registered"],
    [
      "the same without its query",
      { redirect_uri: "https://app.example/cb" },
      CLIENT,
      "",
      "redirect_uri_not_registered",
    ],
    [
      "redirect_uri twice, the same",
      {},
      CLIENT,
      `&redirect_uri=${encodeURIComponent(REDIRECT_URI)}`,
      "no_redirect_uri",
    ],
    ["redirect_uri twice", {}, CLIENT, "&redirect_uri=https%3A%2F%2Fevil.test%2F", "no_redirect_uri"],
    [
      "everything wrong at once",
      { redirect_uri: "https://evil.test/", response_type: "token" },
      CLIENT,
      "",
      "redirect_uri_not_registered",
    ],
  ])("%s is a page", (_name, changes, client, more, reason) => {
    expect(check(changes, client, more)).toMatchObject({ ok: false, error: { to: null, error: { reason } } });
  });
});

describe("RFC 6749 4.1.2.1: what the client is told", () => {
  const noPkce = { code_challenge: undefined, code_challenge_method: undefined };
  it.each<[string, Changes, AuthorizingClient, string, string]>([
    ["implicit", { response_type: "token" }, CLIENT, "unsupported_response_type", "response_type_unknown"],
    [
      "implicit of a public client",
      { response_type: "token" },
      PUBLIC,
      "unsupported_response_type",
      "response_type_unknown",
    ],
    ["hybrid", { response_type: "code token" }, CLIENT, "unsupported_response_type", "response_type_unknown"],
    [
      "id_token token",
      { response_type: "id_token token" },
      CLIENT,
      "unsupported_response_type",
      "response_type_unknown",
    ],
    ["none", { response_type: "none" }, CLIENT, "unsupported_response_type", "response_type_unknown"],
    ["no response_type", { response_type: undefined }, CLIENT, "invalid_request", "no_response_type"],
    ["an empty response_type", { response_type: "" }, CLIENT, "invalid_request", "no_response_type"],
    ["an unknown response_mode", { response_mode: "web_message" }, CLIENT, "invalid_request", "response_mode_unknown"],
    ["a request object", { request: "e30.e30." }, CLIENT, "request_not_supported", "request_object"],
    [
      "a request_uri",
      { request_uri: "http://127.0.0.1:1/" },
      CLIENT,
      "request_uri_not_supported",
      "request_object_uri",
    ],
    ["an unknown scope", { scope: "bogus" }, CLIENT, "invalid_scope", "scope_not_allowed"],
    ["a scope that the client lacks", { scope: "write" }, CLIENT, "invalid_scope", "scope_not_allowed"],
    ["the issuer's own scope", { scope: "admin" }, CLIENT, "invalid_scope", "scope_not_allowed"],
    ["a scope of another API", { scope: "other" }, CLIENT, "invalid_scope", "scope_not_allowed"],
    ["a malformed scope", { scope: 'a"b' }, CLIENT, "invalid_scope", "malformed_scope"],
    [
      "offline_access alone",
      { scope: "offline_access" },
      { ...CLIENT, grantTypes: ["authorization_code"] },
      "invalid_scope",
      "no_default_scope",
    ],
    ["an unknown resource", { resource: "https://three.example/" }, CLIENT, "invalid_target", "unknown_resource"],
    ["a relative resource", { resource: "/api" }, CLIENT, "invalid_target", "unknown_resource"],
    [
      "a resource with a fragment",
      { resource: "https://one.example/#x" },
      CLIENT,
      "invalid_target",
      "unknown_resource",
    ],
    ["no challenge, public", noPkce, PUBLIC, "invalid_request", "no_code_challenge"],
    ["no challenge, confidential", noPkce, CLIENT, "invalid_request", "no_code_challenge"],
    ["a method without a challenge", { code_challenge: undefined }, EXEMPT, "invalid_request", "no_code_challenge"],
    ["an empty challenge", { code_challenge: "" }, CLIENT, "invalid_request", "no_code_challenge"],
    ["neither challenge nor nonce", noPkce, EXEMPT, "invalid_request", "no_nonce"],
    ["a nonce without openid", { ...noPkce, nonce: "n", scope: "read" }, EXEMPT, "invalid_request", "no_nonce"],
    [
      "an exemption does not hold for a public client",
      { ...noPkce, nonce: "n" },
      { ...EXEMPT, authMethods: ["none"] },
      "invalid_request",
      "no_code_challenge",
    ],
    ["plain", { code_challenge_method: "plain" }, CLIENT, "invalid_request", "challenge_method_unknown"],
    [
      "no method, which means plain",
      { code_challenge_method: undefined },
      CLIENT,
      "invalid_request",
      "challenge_method_unknown",
    ],
    ["S512", { code_challenge_method: "S512" }, CLIENT, "invalid_request", "challenge_method_unknown"],
    ["s256", { code_challenge_method: "s256" }, CLIENT, "invalid_request", "challenge_method_unknown"],
    ["a challenge of 42", { code_challenge: CHALLENGE.slice(1) }, CLIENT, "invalid_request", "challenge_malformed"],
    ["a challenge of 44", { code_challenge: `${CHALLENGE}A` }, CLIENT, "invalid_request", "challenge_malformed"],
    ["a challenge of 129", { code_challenge: "A".repeat(129) }, CLIENT, "invalid_request", "challenge_malformed"],
    ["a padded challenge", { code_challenge: `${CHALLENGE}=` }, CLIENT, "invalid_request", "challenge_malformed"],
    [
      "another alphabet",
      { code_challenge: `${CHALLENGE.slice(1)}+` },
      CLIENT,
      "invalid_request",
      "challenge_malformed",
    ],
    [
      "a line end behind the challenge",
      { code_challenge: `${CHALLENGE}\n` },
      CLIENT,
      "invalid_request",
      "challenge_malformed",
    ],
    ["none with others", { prompt: "none login" }, CLIENT, "invalid_request", "prompt_none_with_others"],
    ["an unknown prompt", { prompt: "create" }, CLIENT, "invalid_request", "prompt_unknown"],
    ["a negative max_age", { max_age: "-1" }, CLIENT, "invalid_request", "max_age_malformed"],
    ["max_age in words", { max_age: "1h" }, CLIENT, "invalid_request", "max_age_malformed"],
    ["a nonce that is too long", { nonce: "x".repeat(1_025) }, CLIENT, "invalid_request", "nonce_too_long"],
    [
      "a client without the grant",
      {},
      { ...CLIENT, grantTypes: ["client_credentials"] },
      "unauthorized_client",
      "grant_not_allowed",
    ],
  ])("%s", (_name, changes, client, code, reason) => {
    const to = { redirectUri: REDIRECT_URI, responseMode: "query", state: "s" };
    expect(check(changes, client)).toMatchObject({ ok: false, error: { to, error: { code, reason } } });
  });

  it.each([
    "scope",
    "state",
    "response_type",
    "response_mode",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "foo",
  ])("%s twice", (name) => {
    const more = `&${name}=1&${name}=1`;
    expect(check({}, CLIENT, more)).toMatchObject({
      error: { to: { redirectUri: REDIRECT_URI }, error: { reason: "repeated_parameter" } },
    });
  });

  it("once in the query and once in the body", () => {
    expect(check({}, CLIENT, "", "scope=openid")).toMatchObject({ error: { error: { reason: "repeated_parameter" } } });
    expect(check({ scope: undefined }, CLIENT, "", "scope=openid").ok, "control").toBe(true);
  });

  it("a repeated state is sent back as none: nobody knows which one was meant", () => {
    expect(check({}, CLIENT, "&state=t")).toMatchObject({ error: { to: { state: null } } });
  });

  it("resource alone may repeat, and is one API all the same", () => {
    const more = "&resource=https%3A%2F%2Fone.example%2F";
    expect(check({ resource: "https://one.example/" }, CLIENT, more).ok).toBe(true);
    expect(check({ resource: "https://two.example/" }, CLIENT, more)).toMatchObject({
      error: { error: { code: "invalid_target", reason: "several_resources" } },
    });
  });

  it("an error goes out in the mode that was asked for", () => {
    expect(check({ scope: "bogus", response_mode: "fragment" })).toMatchObject({
      error: { to: { responseMode: "fragment" } },
    });
  });
});

describe("a request that cannot be read", () => {
  it.each([
    ["broken encoding", "state=%zz", "malformed_form"],
    ["not UTF-8", "state=%ff", "malformed_form"],
    ["NUL", "state=%00", "malformed_form"],
    ["a hundred parameters more", Array.from({ length: 101 }, (_, at) => `p${at}=1`).join("&"), "too_many_parameters"],
    ["too long", `state=${"x".repeat(17_000)}`, "request_too_long"],
  ])("%s", (_name, query, reason) => {
    expect(parseParameters(query, "")).toMatchObject({ ok: false, error: { code: "invalid_request", reason } });
  });
});
