import { describe, expect, it } from "vitest";
import { apiKeyFaults } from "../../src/managing/api_key_rules.ts";
import { clientFaults, clientScopes, unknownScopes } from "../../src/managing/client_rules.ts";
import { liveStrings } from "../../src/managing/live_strings.ts";
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
