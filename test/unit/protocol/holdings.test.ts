import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { carriedByToken } from "../../../src/issuing/carried_by_token.ts";
import {
  assignmentFaults,
  attributeFaults,
  withAssignment,
  withoutAssignment,
} from "../../../src/managing/holding_rules.ts";
import { accessTokenClaims, parseAccessTokenClaims } from "../../../src/protocol/access_token.ts";
import { isOfType } from "../../../src/protocol/attribute_values.ts";
import {
  carriedAt,
  type Holdings,
  losesHoldings,
  NO_HOLDINGS,
  type RoleAssignment,
} from "../../../src/protocol/holdings.ts";

const NOW = 1_800_000_000_500;

function held(...assignments: readonly Partial<RoleAssignment>[]): Holdings {
  return {
    ...NO_HOLDINGS,
    roles: ["staff"],
    assignments: assignments.map((one) => ({ role: "editor", tenant: null, untilMs: null, ...one })),
  };
}

describe("what a credential carries", () => {
  it("is what counts everywhere, and apart from it what counts in a tenant", () => {
    const carried = carriedAt(held({ tenant: "acme" }, { tenant: "acme", role: "owner" }, { untilMs: NOW + 1 }), NOW);
    expect(carried).toMatchObject({ roles: ["staff", "editor"], endsAtMs: NOW + 1 });
    expect([...carried.tenantRoles]).toEqual([["acme", ["editor", "owner"]]]);
  });

  it("is nothing of what has ended, at that very moment, and ends with the first that will", () => {
    expect(carriedAt(held({ untilMs: NOW }), NOW)).toMatchObject({ roles: ["staff"], endsAtMs: null });
    expect(carriedAt(held({ tenant: "a", untilMs: NOW + 9 }, { untilMs: NOW + 5 }), NOW).endsAtMs).toBe(NOW + 5);
  });

  it("no token outlives an assignment that it carries, to the second, whenever it is minted", () => {
    fc.assert(
      fc.property(fc.nat(2_000_000), fc.integer({ min: -5_000, max: 900_000 }), (offset, leftMs) => {
        const nowMs = NOW + offset;
        const untilMs = nowMs + leftMs;
        const carried = carriedByToken(held({ untilMs }), nowMs);
        const isCarried = carried.roles.includes("editor");
        if (!isCarried) expect(leftMs).toBeLessThan(1_000);
        if (!isCarried) return;
        const expSeconds = Math.floor(nowMs / 1000) + Math.floor(Math.min(carried.leftMs, 900_000) / 1000);
        expect(expSeconds * 1000).toBeLessThanOrEqual(untilMs);
        expect(expSeconds).toBeGreaterThan(Math.floor(nowMs / 1000));
      }),
    );
  });
});

describe("what takes something away", () => {
  const before: Holdings = { ...held({ tenant: "acme", untilMs: NOW + 1_000 }), attributes: { department: "sales" } };

  it.each<[string, Partial<Holdings>, boolean]>([
    ["nothing", {}, false],
    ["a role", { roles: [] }, true],
    ["a tenant's role", { assignments: [] }, true],
    ["an earlier end", { assignments: [{ role: "editor", tenant: "acme", untilMs: NOW + 999 }] }, true],
    ["a later end", { assignments: [{ role: "editor", tenant: "acme", untilMs: NOW + 1_001 }] }, false],
    ["no end", { assignments: [{ role: "editor", tenant: "acme", untilMs: null }] }, false],
    ["another tenant's", { assignments: [{ role: "editor", tenant: "globex", untilMs: null }] }, true],
    ["the role everywhere", { roles: ["staff", "editor"], assignments: [] }, false],
    ["another value", { attributes: { department: "legal" } }, true],
    ["no value", { attributes: {} }, true],
    ["one value more", { attributes: { department: "sales", clearance: 3 } }, false],
  ])("%s", (_what, change, loses) => {
    expect(losesHoldings(before, { ...before, ...change }, NOW)).toBe(loses);
  });

  it("is not the cleaning up of what has ended", () => {
    expect(losesHoldings(before, { ...before, assignments: [] }, NOW + 1_000)).toBe(false);
  });
});

describe("assigning", () => {
  const editor = { role: "editor", tenant: null, untilMs: null };

  it("for good and everywhere is the list of roles, and takes the place of an end", () => {
    expect(withAssignment(held({ untilMs: NOW + 5 }), editor, NOW)).toEqual({
      roles: ["staff", "editor"],
      assignments: [],
    });
    const ending = { ...editor, role: "staff", untilMs: NOW + 5 };
    expect(withAssignment(held(), ending, NOW)).toEqual({ roles: [], assignments: [ending] });
  });

  it("is one for each role and tenant, and the same when it is repeated", () => {
    const first = withAssignment(held({ tenant: "acme" }), { ...editor, tenant: "acme", untilMs: NOW + 5 }, NOW);
    expect(first.assignments).toEqual([{ ...editor, tenant: "acme", untilMs: NOW + 5 }]);
    const again = withAssignment({ ...NO_HOLDINGS, ...first }, { ...editor, tenant: "acme", untilMs: NOW + 5 }, NOW);
    expect(again).toEqual(first);
  });

  it("away takes that of one tenant alone, and says where there is none", () => {
    const both = held({ tenant: "acme" }, { tenant: "globex" });
    expect(withoutAssignment(both, "editor", "acme", NOW)?.assignments).toMatchObject([{ tenant: "globex" }]);
    expect(withoutAssignment(both, "editor", null, NOW)).toBeNull();
    expect(withoutAssignment(both, "staff", null, NOW)?.roles).toEqual([]);
  });

  it("more than a token has room for is refused, and nothing is cut off", () => {
    const many = (count: number, length: number) =>
      held(...Array.from({ length: count }, (_, at) => ({ tenant: `t${at}`.padEnd(length, "x") })));
    expect(assignmentFaults(many(50, 10))).toEqual([]);
    expect(assignmentFaults(many(51, 3))).toHaveLength(1);
    expect(assignmentFaults(many(40, 64))).toMatchObject([{ reason: expect.stringContaining("token") }]);
  });
});

describe("attributes", () => {
  it.each<[unknown, string, boolean]>([
    ["sales", "string", true],
    [3, "int", true],
    [3.5, "int", false],
    [2 ** 53, "int", false],
    [3.5, "double", true],
    [Number.NaN, "double", false],
    [Number.POSITIVE_INFINITY, "double", false],
    [true, "bool", true],
    ["true", "bool", false],
    ["2027-01-01T00:00:00Z", "timestamp", true],
    ["2027-13-01T00:00:00Z", "timestamp", false],
    ["tomorrow", "timestamp", false],
    [["a", "b"], "list<string>", true],
    [["a", 1], "list<string>", false],
    ["a", "list<string>", false],
    [Array(33).fill("a"), "list<string>", false],
    ["x".repeat(257), "string", false],
    [{}, "string", false],
    [null, "string", false],
    ["a", "text", false],
    ["a", "constructor", false],
  ])("%j is of type %s: %s", (value, type, fits) => {
    expect(isOfType(value, type)).toBe(fits);
  });

  it("are those that are declared, and a name of Object's is not", () => {
    const declared = { department: "string" };
    expect(attributeFaults({ department: "sales" }, declared)).toEqual([]);
    expect(attributeFaults({ constructor: "x", departmnt: "sales" }, declared)).toMatchObject([
      { field: "attributes.constructor" },
      { field: "attributes.departmnt" },
    ]);
    expect(attributeFaults({ department: 3 }, declared)).toMatchObject([{ reason: expect.stringContaining("string") }]);
  });
});

describe("the claims of a token", () => {
  const grant = {
    issuer: "https://issuer.example",
    subject: "cli_1",
    audience: ["https://api.example/"],
    clientId: "cli_1" as never,
    clientEpoch: 1,
    scopes: [],
    roles: ["staff"],
    tokenId: "t",
    nowSeconds: 1,
    ttlSeconds: 60,
  } as const;

  it("say what was carried, and are read as it", () => {
    const carried = { tenantRoles: new Map([["acme", ["editor"]]]), attributes: { department: "sales", tags: ["a"] } };
    const claims = JSON.parse(JSON.stringify(accessTokenClaims({ ...grant, ...carried })));
    expect(claims).toMatchObject({ tenant_roles: { acme: ["editor"] }, attributes: { department: "sales" } });
    expect(parseAccessTokenClaims(claims)).toMatchObject({ ok: true, value: carried });
  });

  it("are as they ever were where there is nothing to say", () => {
    const claims = accessTokenClaims({ ...grant, tenantRoles: new Map(), attributes: {} });
    expect(Object.keys(claims)).not.toContain("tenant_roles");
    const read = parseAccessTokenClaims(claims);
    expect(read.ok && [read.value.tenantRoles, read.value.attributes]).toEqual([undefined, undefined]);
  });

  it.each([
    ["tenant_roles", null],
    ["tenant_roles", "acme"],
    ["tenant_roles", ["editor"]],
    ["tenant_roles", { acme: "editor" }],
    ["tenant_roles", { acme: [1] }],
    ["tenant_roles", { acme: [""] }],
    ["tenant_roles", { "": ["editor"] }],
    ["tenant_roles", { "a\nb": ["editor"] }],
    ["tenant_roles", { acme: ["a\nb"] }],
    ["tenant_roles", Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`t${at}`, []]))],
    ["attributes", null],
    ["attributes", []],
    ["attributes", { a: {} }],
    ["attributes", { a: null }],
    ["attributes", { a: [[1]] }],
    ["attributes", { "": 1 }],
    ["attributes", { a: "x".repeat(257) }],
    ["attributes", Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`a${at}`, 1]))],
  ])("refuse the whole token where %s is %j", (name, value) => {
    expect(parseAccessTokenClaims({ ...accessTokenClaims(grant), [name]: value })).toEqual({
      ok: false,
      error: "token_claims_malformed",
    });
  });

  it("called like a member of Object's are members like others", () => {
    const text = '{"__proto__": ["editor"], "constructor": ["owner"]}';
    const read = parseAccessTokenClaims({ ...accessTokenClaims(grant), tenant_roles: JSON.parse(text) });
    expect(read.ok && [...(read.value.tenantRoles ?? [])]).toEqual([
      ["__proto__", ["editor"]],
      ["constructor", ["owner"]],
    ]);
  });
});
