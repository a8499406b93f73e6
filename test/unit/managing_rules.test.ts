import { describe, expect, it } from "vitest";
import { platformRandom } from "../../src/kernel/random.ts";
import { apiKeyFaults } from "../../src/managing/api_key_rules.ts";
import { clientFaults, clientScopes, unknownScopes } from "../../src/managing/client_rules.ts";
import { liveStrings } from "../../src/managing/live_strings.ts";
import { sectorOf } from "../../src/managing/person_rules.ts";
import { newClientId } from "../../src/protocol/ids.ts";
import { NO_PEOPLE } from "../../src/protocol/person_facing.ts";
import type { TargetCatalog } from "../../src/protocol/token_target.ts";

const NOW = 1_800_000_000_000;
const CATALOG: TargetCatalog = {
  issuer: "https://issuer.example",
  issuerScopes: new Set(["admin"]),
  apis: [
    { resource: "https://one.example/", scopes: new Set(["a", "b"]) },
    { resource: "https://two.example/", scopes: new Set(["b", "c"]) },
  ],
};
const CLIENT = {
  authMethods: ["client_secret_basic"],
  grantTypes: ["client_credentials"],
  scopes: ["a", "b"],
  defaultScopes: null,
  person: NO_PEOPLE,
} as const;

describe("what a client may be", () => {
  it.each([
    ["a confidential client", {}, []],
    ["defaults among its scopes", { defaultScopes: ["b"] }, []],
    ["a public client without grants", { authMethods: ["none"], grantTypes: [] }, []],
    ["a public client with client_credentials", { authMethods: ["none"] }, ["grant_types"]],
    [
      "none beside a secret",
      { authMethods: ["client_secret_basic", "none"], grantTypes: [] },
      ["token_endpoint_auth_methods"],
    ],
    ["a default that is no scope of it", { defaultScopes: ["a", "c"] }, ["default_scopes.1"]],
  ] as const)("%s", (_name, fields, faults) => {
    expect(clientFaults({ ...CLIENT, ...fields }).map(({ field }) => field)).toEqual(faults);
  });
});

describe("what a client that acts for people may be", () => {
  const PERSON = { ...NO_PEOPLE, redirectUris: ["https://app.example/cb"] };
  const APP = { ...CLIENT, grantTypes: ["authorization_code", "refresh_token"], person: PERSON } as const;
  const PAIRWISE = { ...PERSON, subjectType: "pairwise" } as const;
  const TWO_HOSTS = ["https://app.example/cb", "https://other.example/cb"];
  it.each([
    ["a web client", {}, []],
    [
      "a native client on loopback",
      { person: { ...PERSON, applicationType: "native", redirectUris: ["http://127.0.0.1/"] } },
      [],
    ],
    ["authorization_code without a redirect URI", { person: NO_PEOPLE }, ["redirect_uris"]],
    [
      "a redirect URI that leads elsewhere",
      { person: { ...PERSON, redirectUris: ["https://app.example/", "http://app.example/"] } },
      ["redirect_uris.1"],
    ],
    [
      "a logout URI with a fragment",
      { person: { ...PERSON, postLogoutRedirectUris: ["https://app.example/#x"] } },
      ["post_logout_redirect_uris.0"],
    ],
    ["pairwise subjects of one host", { person: PAIRWISE }, []],
    ["pairwise subjects of two hosts", { person: { ...PAIRWISE, redirectUris: TWO_HOSTS } }, ["redirect_uris"]],
    ["public subjects of two hosts", { person: { ...PERSON, redirectUris: TWO_HOSTS } }, []],
    ["no PKCE, with a secret", { person: { ...PERSON, requirePkce: false } }, []],
    ["no PKCE, public", { authMethods: ["none"], person: { ...PERSON, requirePkce: false } }, ["require_pkce"]],
    [
      "a public client with client_credentials too",
      { authMethods: ["none"], grantTypes: ["authorization_code", "client_credentials"] },
      ["grant_types"],
    ],
    [
      "a logout receiver in the clear",
      { person: { ...PERSON, backchannelLogoutUri: "http://app.example/out" } },
      ["backchannel_logout_uri"],
    ],
    [
      "a logout receiver on this machine",
      { person: { ...PERSON, backchannelLogoutUri: "http://127.0.0.1:9/out" } },
      [],
    ],
    [
      "a logout receiver that is a file",
      { person: { ...PERSON, backchannelLogoutUri: "file:///etc/passwd" } },
      ["backchannel_logout_uri"],
    ],
    [
      "a logout receiver in a private network",
      { person: { ...PERSON, backchannelLogoutUri: "https://169.254.169.254/out" } },
      ["backchannel_logout_uri"],
    ],
    ["a home page in the clear", { person: { ...PERSON, clientUri: "http://app.example/" } }, ["client_uri"]],
    ["a home page that runs", { person: { ...PERSON, clientUri: "javascript:alert(1)" } }, ["client_uri"]],
  ] as const)("%s", (_name, fields, faults) => {
    expect(clientFaults({ ...APP, ...fields }).map(({ field }) => field)).toEqual(faults);
  });

  it("identity scopes are for clients that act for people alone", () => {
    expect(unknownScopes(["openid", "email", "a"], clientScopes(CATALOG, APP))).toEqual([]);
    expect(unknownScopes(["openid"], clientScopes(CATALOG, CLIENT)).map(({ field }) => field)).toEqual(["scopes.0"]);
    const own = { ...CLIENT, grantTypes: [], person: { ...NO_PEOPLE, firstParty: true } };
    expect(unknownScopes(["openid"], clientScopes(CATALOG, own))).toEqual([]);
  });

  it("OpenID Connect Core 8.1: the sector is the host, and a client without a host of its own is its own sector", () => {
    const id = newClientId(platformRandom);
    expect(sectorOf(PERSON, id)).toBeNull();
    expect(sectorOf(PAIRWISE, id)).toBe("app.example");
    expect(sectorOf({ ...PAIRWISE, redirectUris: ["http://127.0.0.1/", "com.a.b:/cb"] }, id)).toBe(id);
  });
});

describe("scopes", () => {
  it.each([
    [["admin", "a", "c"], []],
    [["a", "d"], ["scopes.1"]],
    [
      ["__proto__", "constructor"],
      ["scopes.0", "scopes.1"],
    ],
    [
      ["A", " a"],
      ["scopes.0", "scopes.1"],
    ],
  ])("%j of a client: faults at %j", (scopes, faults) => {
    expect(unknownScopes(scopes, clientScopes(CATALOG, CLIENT)).map(({ field }) => field)).toEqual(faults);
  });

  it("a key may not hold the issuer's own, and keeps one that the configuration dropped", () => {
    expect(apiKeyFaults({ scopes: ["admin"] }, CATALOG, NOW).map(({ field }) => field)).toEqual(["scopes.0"]);
    expect(apiKeyFaults({ scopes: ["old", "a"] }, CATALOG, NOW, ["old"])).toEqual([]);
  });
});

it.each([
  [NOW - 1, 1],
  [NOW, 1],
  [NOW + 1, 0],
  [null, 0],
  [undefined, 0],
])("a key that ends at %s has %i faults", (expiresAtMs, faults) => {
  expect(apiKeyFaults({ scopes: [], expiresAtMs }, CATALOG, NOW)).toHaveLength(faults);
});

it("a string is live until the millisecond of its end", () => {
  const strings = [null, NOW - 1, NOW, NOW + 1].map((expiresAtMs) => ({ expiresAtMs }));
  expect(liveStrings(strings, NOW)).toEqual([{ expiresAtMs: null }, { expiresAtMs: NOW + 1 }]);
});
