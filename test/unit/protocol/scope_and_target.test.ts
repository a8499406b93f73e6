import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseScope } from "../../../src/protocol/scope.ts";
import { chooseTarget, type TargetCatalog, type TargetRequest } from "../../../src/protocol/token_target.ts";

describe("RFC 6749 3.3: scope", () => {
  it.each([
    ["a b", ["a", "b"]],
    ["b a b", ["b", "a"]],
    ["  a   b ", ["a", "b"]],
    ["!#$%&'()*+,-./:;<=>?@[]^_`{|}~", ["!#$%&'()*+,-./:;<=>?@[]^_`{|}~"]],
    ["__proto__", ["__proto__"]],
  ])("%j is %j", (text, scopes) => {
    expect(parseScope(text)).toEqual(scopes);
  });

  it.each(["", " ", "a\tb", "a\nb", 'a"b', "a\\b", "é", "a\u007f", "a\u0000"])("%j is none", (text) => {
    expect(parseScope(text)).toBeNull();
  });

  it("what is read reads the same again", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const scopes = parseScope(text);
        if (scopes !== null) expect(parseScope(scopes.join(" "))).toEqual(scopes);
      }),
    );
  });
});

const CATALOG: TargetCatalog = {
  issuer: "https://issuer.example",
  issuerScopes: new Set(["admin"]),
  apis: [
    { resource: "https://one.example/", scopes: new Set(["read", "write"]) },
    { resource: "https://two.example/", scopes: new Set(["read", "burn"]) },
  ],
};
const SCOPES = ["admin", "read", "write", "burn", "unknown"];
const RESOURCES = [CATALOG.issuer, "https://one.example/", "https://two.example/", "https://three.example/"];

const anyRequest: fc.Arbitrary<TargetRequest> = fc.record({
  resources: fc.array(fc.constantFrom(...RESOURCES), { maxLength: 3 }),
  requested: fc.option(fc.uniqueArray(fc.constantFrom(...SCOPES), { minLength: 1 })),
  clientScopes: fc.uniqueArray(fc.constantFrom(...SCOPES)),
  clientDefaults: fc.option(fc.uniqueArray(fc.constantFrom(...SCOPES))),
});

/** The same decision from the other end: every token that could be made, and which of them is the answer. */
function oracle({ resources, requested, clientScopes, clientDefaults }: TargetRequest) {
  const [one, two] = CATALOG.apis.map((api) => api.resource);
  const possible = [
    { audience: [CATALOG.issuer, one], offers: ["read", "write"], whenAsked: [] },
    { audience: [CATALOG.issuer], offers: ["admin"], whenAsked: [] },
    { audience: [CATALOG.issuer], offers: ["admin"], whenAsked: [CATALOG.issuer] },
    { audience: [one], offers: ["read", "write"], whenAsked: [one] },
    { audience: [two], offers: ["read", "burn"], whenAsked: [two] },
  ];
  const asked = [...new Set(resources)];
  const right = possible.filter(({ whenAsked }) => asked.join() === whenAsked.join());
  if (right.length === 0) return "invalid_target";
  for (const { audience, offers } of right) {
    const scopes = requested ?? (clientDefaults ?? clientScopes).filter((scope) => offers.includes(scope));
    const granted = scopes.filter((scope) => offers.includes(scope) && clientScopes.includes(scope));
    if (scopes.length > 0 && granted.length === scopes.length) return { audience, scopes };
  }
  return "invalid_scope";
}

describe("RFC 8707 2: audience and scope are decided together", () => {
  it("as an independent reading of the rules decides", () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const chosen = chooseTarget(request, CATALOG);
        const told = chosen.ok ? { audience: chosen.value.audience, scopes: chosen.value.scopes } : chosen.error.code;
        expect(told).toEqual(oracle(request));
      }),
      { numRuns: 5_000 },
    );
  });

  it("a token never has more than its client may, nor two APIs, nor the issuer's scopes beside an API", () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const chosen = chooseTarget(request, CATALOG);
        if (!chosen.ok) return;
        const { audience, scopes, api } = chosen.value;
        expect(scopes.length).toBeGreaterThan(0);
        expect(scopes.filter((scope) => !request.clientScopes.includes(scope))).toEqual([]);
        const apis = audience.filter((one) => one !== CATALOG.issuer);
        expect(apis).toEqual(api === null ? [] : [api.resource]);
        if (scopes.includes("admin")) expect(audience).toEqual([CATALOG.issuer]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("no sequence of resources makes it throw, and what is unknown is invalid_target", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (resources) => {
        fc.pre(!resources.every((resource) => RESOURCES.includes(resource)));
        const request = { resources, requested: null, clientScopes: SCOPES, clientDefaults: null };
        expect(chooseTarget(request, CATALOG)).toMatchObject({ ok: false, error: { code: "invalid_target" } });
      }),
    );
  });
});
