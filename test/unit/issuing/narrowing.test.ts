import { describe, expect, it } from "vitest";
import {
  canonicalNarrowing,
  type Narrowing,
  narrowedTarget,
  narrowingFault,
  readNarrowing,
} from "../../../src/issuing/narrowing.ts";
import { platformRandom } from "../../../src/kernel/random.ts";
import type { ClientRecord } from "../../../src/ports/clients.ts";
import { parseForm } from "../../../src/protocol/form.ts";
import type { GrantTerms } from "../../../src/protocol/grant_terms.ts";
import { newClientId } from "../../../src/protocol/ids.ts";
import { NO_PEOPLE } from "../../../src/protocol/person_facing.ts";
import type { TargetCatalog } from "../../../src/protocol/token_target.ts";

const ISSUER = "https://issuer.test";
const MAIN = "https://api.test/";
const OTHER = "https://other.test/";
const ALL: Narrowing = { scopes: null, resource: null };
const catalog: TargetCatalog = {
  issuer: ISSUER,
  issuerScopes: new Set(["admin"]),
  apis: [
    { resource: MAIN, scopes: new Set(["orders:read", "orders:write"]) },
    { resource: OTHER, scopes: new Set(["bills:read"]) },
  ],
};
const id = newClientId(platformRandom);

function terms(changes: Partial<GrantTerms> = {}): GrantTerms {
  return {
    clientId: id,
    subject: "subject",
    sessionId: null,
    sid: null,
    scopes: ["openid", "orders:read", "orders:write"],
    resource: null,
    nonce: null,
    authTimeMs: 0,
    amr: [],
    acr: null,
    refreshable: true,
    ...changes,
  };
}

function client(scopes: readonly string[]): ClientRecord {
  return {
    id,
    name: "client",
    authMethods: ["none"],
    grantTypes: ["authorization_code", "refresh_token"],
    scopes,
    defaultScopes: null,
    roles: [],
    assignments: [],
    attributes: {},
    person: NO_PEOPLE,
    disabled: false,
    epoch: 1,
    version: 1,
    createdAtMs: 0,
    updatedAtMs: 0,
  };
}

const EVERYTHING = client(["openid", "orders:read", "orders:write", "bills:read", "admin"]);

function read(body: string) {
  const form = parseForm(body);
  if (!form.ok) throw new Error("not a form");
  return readNarrowing(form.value, catalog);
}

function target(granted: GrantTerms, narrowing = ALL, of = EVERYTHING) {
  const result = narrowedTarget(granted, narrowing, of, catalog);
  return result.ok ? [result.value.audience, result.value.scopes] : result.error.code;
}

describe("what a request on a grant asks for", () => {
  it.each([
    ["nothing", "a=b", ALL],
    ["scopes", "scope=b+a", { scopes: ["b", "a"], resource: null }],
    ["a resource, twice the same", `resource=${OTHER}&resource=${OTHER}`, { scopes: null, resource: OTHER }],
  ])("%s", (_, body, expected) => {
    expect(read(body)).toEqual({ ok: true, value: expected });
  });

  it.each([
    ["a malformed scope", "scope=%22", "invalid_scope"],
    ["two resources", `resource=${MAIN}&resource=${OTHER}`, "invalid_target"],
    ["an unknown resource", "resource=https://evil.test/", "invalid_target"],
    ["the issuer", `resource=${ISSUER}`, "invalid_target"],
    ["a relative resource", "resource=/orders", "invalid_target"],
  ])("%s is refused", (_, body, code) => {
    expect(read(body)).toMatchObject({ ok: false, error: { code } });
  });

  it("the same asked in another order is the same, and nothing else is", () => {
    const asked = [ALL, { ...ALL, scopes: ["a", "b"] }, { ...ALL, scopes: ["a"] }, { ...ALL, resource: MAIN }];
    expect(new Set(asked.map(canonicalNarrowing)).size).toBe(asked.length);
    expect(canonicalNarrowing({ ...ALL, scopes: ["b", "a"] })).toBe(canonicalNarrowing({ ...ALL, scopes: ["a", "b"] }));
    expect(canonicalNarrowing({ ...ALL, scopes: ["a b"] })).not.toBe(
      canonicalNarrowing({ ...ALL, scopes: ["a", "b"] }),
    );
  });
});

describe("RFC 6749 6, RFC 8707 2.2: nothing grows", () => {
  it.each([
    ["less scope", terms(), { ...ALL, scopes: ["orders:read"] }, undefined],
    ["all of it", terms(), { ...ALL, scopes: ["orders:write", "orders:read", "openid"] }, undefined],
    ["the default API by name", terms(), { ...ALL, resource: MAIN }, undefined],
    ["its API by name", terms({ resource: OTHER }), { ...ALL, resource: OTHER }, undefined],
    ["a scope that was not granted", terms(), { ...ALL, scopes: ["openid", "email"] }, "invalid_scope"],
    ["another API than the default", terms(), { ...ALL, resource: OTHER }, "invalid_target"],
    [
      "the default API of a grant for another",
      terms({ resource: OTHER }),
      { ...ALL, resource: MAIN },
      "invalid_target",
    ],
  ] as const)("%s", (_, granted, narrowing, code) => {
    expect(narrowingFault(granted, narrowing, catalog)?.code).toBe(code);
  });
});

describe("audience and scopes of the access token", () => {
  it.each([
    ["no resource: the issuer's endpoints and the default API", terms(), ALL, [ISSUER, MAIN]],
    ["a resource: that API alone", terms({ resource: MAIN }), ALL, [MAIN]],
    ["narrowed to the API: without the issuer", terms(), { ...ALL, resource: MAIN }, [MAIN]],
  ])("%s", (_, granted, narrowing, audience) => {
    expect(target(granted, narrowing)).toEqual([audience, ["openid", "orders:read", "orders:write"]]);
  });

  it("narrowed scopes come in the order in which they were asked", () => {
    expect(target(terms(), { ...ALL, scopes: ["orders:write", "openid"] })).toEqual([
      [ISSUER, MAIN],
      ["orders:write", "openid"],
    ]);
  });

  it("a scope that the client lost since is gone, and one that the configuration dropped", () => {
    expect(target(terms(), ALL, client(["openid", "orders:read"]))).toEqual([
      [ISSUER, MAIN],
      ["openid", "orders:read"],
    ]);
    const dropped = terms({ scopes: ["openid", "was:there"] });
    expect(target(dropped, ALL, client(["openid", "was:there"]))).toEqual([[ISSUER, MAIN], ["openid"]]);
  });

  it("where nothing is left, nothing is minted", () => {
    expect(target(terms(), ALL, client([]))).toBe("invalid_scope");
    expect(target(terms({ resource: "https://gone.test/" }))).toBe("invalid_target");
  });

  it("RFC 9700 2.3: admin is not to be had through a person, whatever the grant says", () => {
    expect(target(terms({ scopes: ["admin"] }))).toBe("invalid_scope");
    expect(target(terms({ scopes: ["openid", "admin"] }))).toEqual([[ISSUER, MAIN], ["openid"]]);
  });
});
