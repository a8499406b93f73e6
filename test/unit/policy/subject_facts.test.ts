import { describe, expect, it } from "vitest";
import type { Principal } from "../../../src/policy/principal.ts";
import { RoleBook } from "../../../src/policy/role_book.ts";
import { subjectFacts } from "../../../src/policy/subject_facts.ts";

const BOOK = new RoleBook(1, [
  { id: "viewer", permissions: ["document:read"], includes: [] },
  { id: "editor", permissions: ["document:update"], includes: ["viewer"] },
]);

const ADA: Extract<Principal, { kind: "user" }> = {
  v: 1,
  kind: "user",
  id: "usr_ada",
  issuer: "https://issuer.test",
  clientId: "cli_app",
  scopes: ["documents"],
  roles: ["viewer"],
  tenantRoles: new Map([
    ["acme", ["editor", "viewer"]],
    ["globex", ["owner"]],
  ]),
  attributes: { department: "sales" },
};

describe("a principal as decisions see it", () => {
  it("has the roles of the call's tenant beside those that count everywhere, each once", () => {
    expect(subjectFacts(ADA, BOOK, "acme")).toMatchObject({ roles: ["viewer", "editor"], tenant: "acme" });
    expect(subjectFacts(ADA, BOOK, "acme").permissions.has("document:update")).toBe(true);
  });

  it.each([null, "globex", "ACME", "constructor", "__proto__", ""])(
    "has no role of acme on a call for %j",
    (tenant) => {
      const facts = subjectFacts(ADA, BOOK, tenant);
      expect([facts.roles.includes("editor"), facts.permissions.has("document:update")]).toEqual([false, false]);
      expect(facts.permissions.has("document:read")).toBe(true);
    },
  );

  it("is what the credential says in everything else", () => {
    const { kind, id, issuer, clientId, scopes, attributes } = subjectFacts(ADA, BOOK, null);
    expect([kind, id, issuer, clientId, scopes]).toEqual(["user", "usr_ada", ADA.issuer, "cli_app", ["documents"]]);
    expect(attributes).toEqual({ department: "sales" });
  });

  it("may do nothing where nobody knows what roles may do", () => {
    expect(subjectFacts(ADA, null, "acme").permissions.size).toBe(0);
  });

  it("has neither issuer nor client as a key, and is its own client as one", () => {
    const key = { v: 1, kind: "api_key", id: "key_1", publishable: false, scopes: [], roles: [] } as const;
    expect(subjectFacts(key, BOOK, null)).toMatchObject({ issuer: null, clientId: null, attributes: {} });
    const client = { v: 1, kind: "client", id: "cli_1", issuer: ADA.issuer, scopes: [], roles: [] } as const;
    expect(subjectFacts(client, BOOK, null)).toMatchObject({ issuer: ADA.issuer, clientId: "cli_1" });
  });
});
