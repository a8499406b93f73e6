import { describe, expect, it } from "vitest";
import { parseJsonPointer } from "../../../src/kernel/json_pointer.ts";
import { type ClaimReading, readForeignClaims } from "../../../src/protocol/foreign_claims.ts";
import { SHAPES, TOKEN_SHAPES, type TokenShapeName } from "../../../src/protocol/token_shape.ts";
import { PROVIDERS } from "../../support/provider_tokens.ts";

type Json = Readonly<Record<string, unknown>>;

function reading(name: TokenShapeName, changes: Partial<ClaimReading> = {}): ClaimReading {
  const shape = SHAPES[name];
  const base = { shape, subject: null, clientId: null, required: [] };
  return { ...base, scopes: shape.scopes.map(steps), roles: shape.roles.map(steps), ...changes };
}

function steps(pointer: string): readonly string[] {
  const parsed = parseJsonPointer(pointer);
  if (parsed === null) throw new Error(pointer);
  return parsed;
}

const GENERIC = PROVIDERS.find(({ shape }) => shape === "generic-jwt");
const good: Json = { iss: "https://other.example", ...GENERIC?.user };

function read(changes: Json, how: Partial<ClaimReading> = {}) {
  return readForeignClaims({ ...good, ...changes }, reading("generic-jwt", how));
}

const malformed = { ok: false, error: "token_claims_malformed" };
const anotherType = { ok: false, error: "token_type_wrong" };

it("every shape has its provider's tokens here", () => {
  expect(PROVIDERS.map(({ shape }) => shape).sort()).toEqual([...TOKEN_SHAPES].sort());
});

describe.each(PROVIDERS)("tokens of $shape", ({ shape, issuer, audience, user, client, expected }) => {
  it("a user's is read", () => {
    const claims = readForeignClaims({ iss: issuer, ...user }, reading(shape));
    if (!claims.ok) throw new Error(claims.error);
    const { sub, clientId, scopes, roles, aud } = claims.value;
    expect({ sub, client_id: clientId, scope: scopes.join(" "), roles }).toEqual(expected);
    expect(aud).toContain(audience);
  });

  it("a client's own is the client's", () => {
    const claims = readForeignClaims({ iss: issuer, ...client }, reading(shape));
    if (!claims.ok) throw new Error(claims.error);
    expect(claims.value.sub).toBe(claims.value.clientId);
    expect(claims.value.aud).toContain(audience);
  });

  it.each(["iss", "sub", "exp", "iat"])("without %s it is refused", (name) => {
    const all: Json = { iss: issuer, ...user, ...(name === "sub" && { uid: undefined }) };
    const { [name]: _, ...rest } = all;
    expect(readForeignClaims(rest, reading(shape)).ok).toBe(false);
  });

  it("RFC 9449 7.1: one that is bound to a key is no bearer token", () => {
    const bound = readForeignClaims({ iss: issuer, ...user, cnf: { jkt: "x" } }, reading(shape));
    expect(bound).toEqual({ ok: false, error: "token_sender_constrained" });
  });
});

// An ID token of the standard's is told by its type, before its claims are looked at.
it.each(PROVIDERS.filter(({ shape }) => shape !== "at+jwt"))(
  "RFC 9068 5: an ID token of $shape is refused, though its audience is ours",
  ({ shape, issuer, idToken }) => {
    const wanted = shape === "entra" ? malformed : anotherType;
    expect(readForeignClaims({ iss: issuer, ...idToken }, reading(shape))).toEqual(wanted);
  },
);

describe("OpenID Connect Core 2: what an ID token bears rules an untyped token out", () => {
  it.each<[string, Json]>([
    ["nonce", { nonce: "n" }],
    ["at_hash", { at_hash: "h" }],
    ["c_hash", { c_hash: "h" }],
    ["the events of a logout token", { events: {} }],
    ["another use", { token_use: "id" }],
    ["a refresh token's type", { typ: "Refresh" }],
    ["its client as its audience", { aud: ["orders", "web"] }],
  ])("%s", (_, changes) => {
    expect(read(changes)).toEqual(anotherType);
  });

  it("also where the operator says that the client stands elsewhere", () => {
    const elsewhere = { clientId: ["app"] };
    expect(read({ azp: "orders", app: "web" }, elsewhere)).toEqual(anotherType);
    expect(read({ app: "web" }, elsewhere).ok).toBe(true);
  });
});

describe("entra: what a token is for shows in its version, client and permissions", () => {
  const user = { iss: "https://sts.example/1/", ...PROVIDERS.find(({ shape }) => shape === "entra")?.user };

  it("version 1.0 calls the client appid", () => {
    const { azp: _, ...rest } = user as Json;
    expect(readForeignClaims({ ...rest, ver: "1.0", appid: "web" }, reading("entra")).ok).toBe(true);
    expect(readForeignClaims({ ...rest, ver: "1.0", azp: "web" }, reading("entra"))).toEqual(anotherType);
  });

  it.each<[string, Json]>([
    ["neither scp nor roles", { scp: undefined, roles: undefined }],
    ["an unknown version", { ver: "3.0" }],
    ["no version", { ver: undefined }],
  ])("%s is refused", (_, changes) => {
    expect(readForeignClaims({ ...user, ...changes }, reading("entra"))).toEqual(anotherType);
  });

  it("a delegated token without a scope is the user's where idtyp says so", () => {
    const claims = readForeignClaims({ ...user, scp: undefined, idtyp: "user" }, reading("entra"));
    expect(claims).toMatchObject({ ok: true, value: { sub: "pairwise" } });
  });
});

describe("okta: a login name is nobody's for good", () => {
  it("without uid the subject has to be the client", () => {
    const user = { iss: "https://o.example", ...PROVIDERS.find(({ shape }) => shape === "okta")?.user };
    expect(readForeignClaims({ ...user, uid: undefined }, reading("okta")).ok).toBe(false);
    const { uid: _, ...rest } = user as Json;
    expect(readForeignClaims(rest, reading("okta"))).toEqual(anotherType);
  });
});

describe("claims that the operator maps", () => {
  const deep = { "https://x.example/roles": ["a"], org: { "a/b": { roles: "b  c" } }, permissions: ["p"] };

  it("JSON pointers reach into objects; several lists are one", () => {
    const how = {
      roles: ["/https:~1~1x.example~1roles", "/org/a~1b/roles"].map(steps),
      scopes: ["/permissions", "/scp"].map(steps),
    };
    expect(read({ ...deep, scp: ["p", "q"] }, how)).toMatchObject({
      ok: true,
      value: { roles: ["a", "b", "c"], scopes: ["p", "q"] },
    });
  });

  it("subject and client", () => {
    const how = { subject: ["oid"], clientId: ["app", "id"] };
    const claims = read({ oid: "o1", app: { id: "c1" } }, how);
    expect(claims).toMatchObject({ ok: true, value: { sub: "o1", clientId: "c1" } });
    expect(read({ oid: 7, app: { id: "c1" } }, how)).toEqual(malformed);
    expect(read({ oid: "o1" }, how)).toEqual(malformed);
  });

  it.each<[string, Json]>([
    ["a number among roles", { roles: ["a", 1] }],
    ["an object as roles", { roles: { admin: true } }],
    ["null as roles", { roles: null }],
    ["257 roles", { roles: Array.from({ length: 257 }, (_, index) => `r${index}`) }],
    ["a role of 257 characters", { roles: ["r".repeat(257)] }],
    ["a line end in a role", { roles: ["a\nb"] }],
    ["RFC 6749 3.3: a scope that reads as two", { scp: ["orders:read admin"] }],
    ["a scope outside its alphabet", { scope: 'a"b' }],
    ["a subject of 513 characters", { sub: "s".repeat(513) }],
    ["a line end in the subject", { sub: "a\nb" }],
    ["an empty subject", { sub: "" }],
    ["a number for a client", { azp: 5 }],
    ["two clients", { client_id: "another" }],
    ["an audience of another type", { aud: { api: true } }],
    ["no audience", { aud: undefined }],
    ["a time as text", { exp: "1800000600" }],
  ])("%s refuses the token", (_, changes) => {
    expect(read(changes)).toEqual(malformed);
  });

  it("an object's own members alone are claims", () => {
    expect(read({}, { roles: [steps("/constructor/name")] })).toMatchObject({ ok: true, value: { roles: [] } });
    expect(read({}, { subject: ["toString"] })).toEqual(malformed);
  });
});

describe("claims that the operator demands", () => {
  const required = [
    { at: ["tid"], oneOf: ["t1", "t2"] },
    { at: ["org", "verified"], oneOf: [true] },
  ];

  it("exactly one of the values", () => {
    expect(read({ tid: "t2", org: { verified: true } }, { required }).ok).toBe(true);
  });

  it.each<[string, Json]>([
    ["none", {}],
    ["another value", { tid: "t3", org: { verified: true } }],
    ["a value of another type", { tid: "t1", org: { verified: "true" } }],
    ["a list that contains it", { tid: ["t1"], org: { verified: true } }],
    ["one of two", { tid: "t1" }],
  ])("%s is refused", (_, changes) => {
    expect(read(changes, { required })).toEqual({ ok: false, error: "token_claim_required" });
  });
});

describe("RFC 6901: JSON pointers", () => {
  it.each(["", "a", "/a~2", "/a~", "/1/2/3/4/5/6/7/8/9"])("%j is none of ours", (text) => {
    expect(parseJsonPointer(text)).toBeNull();
  });

  it("escapes are undone once", () => {
    expect(parseJsonPointer("/~01/a~1b/")).toEqual(["~1", "a/b", ""]);
  });
});

describe("what else another issuer says of a subject", () => {
  const how: Partial<ClaimReading> = {
    attributes: [
      { name: "department", at: steps("/org/dept"), type: "string" },
      { name: "clearance", at: steps("/clearance"), type: "int" },
    ],
    tenantRoles: steps("/tenants"),
  };

  it("is read where the operator says that it stands, as it is declared", () => {
    const said = { org: { dept: "sales" }, clearance: 3, tenants: { acme: ["editor"] } };
    expect(read(said, how)).toMatchObject({
      ok: true,
      value: { attributes: { department: "sales", clearance: 3 }, tenantRoles: new Map([["acme", ["editor"]]]) },
    });
  });

  it("is not known where it is not there, and read nowhere else", () => {
    const claims = read({ attributes: { department: "sales" }, tenant_roles: { acme: ["editor"] } }, how);
    expect(claims.ok && [claims.value.attributes, claims.value.tenantRoles]).toEqual([undefined, undefined]);
    const unmapped = read({ org: { dept: "sales" }, tenants: { acme: ["editor"] } });
    expect(unmapped.ok && [unmapped.value.attributes, unmapped.value.tenantRoles]).toEqual([undefined, undefined]);
  });

  it.each([
    { org: { dept: ["sales"] } },
    { org: { dept: "x".repeat(257) } },
    { org: { dept: null } },
    { clearance: "3" },
    { clearance: 3.5 },
    { tenants: ["acme"] },
    { tenants: { acme: "editor" } },
    { tenants: { acme: ["a\nb"] } },
    { tenants: null },
  ])("of another type than is declared, as in %j, refuses the token", (said) => {
    expect(read(said, how)).toEqual(malformed);
  });
});
