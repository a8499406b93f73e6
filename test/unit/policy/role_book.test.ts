import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDemandedPermission, isPermission } from "../../../src/policy/permission.ts";
import { RoleBook } from "../../../src/policy/role_book.ts";
import { closeRoles, MAX_GENERATIONS, type RoleDefinition } from "../../../src/policy/role_graph.ts";
import { isTenant, tenantOf } from "../../../src/policy/tenant.ts";

function role(id: string, permissions: string[] = [], inherits: string[] = []): RoleDefinition {
  return { id, permissions, inherits };
}

function bookOf(...roles: RoleDefinition[]): RoleBook {
  const closed = closeRoles(roles);
  if (!closed.ok) throw new Error(JSON.stringify(closed.error));
  return new RoleBook(1, closed.value);
}

describe("what roles inherit", () => {
  it("is everything above them, near and far, each once", () => {
    const closed = closeRoles([
      role("admin", ["a:x"], ["editor", "auditor"]),
      role("editor", ["a:w"], ["viewer"]),
      role("auditor", ["a:l"], ["viewer"]),
      role("viewer", ["a:r"]),
    ]);
    expect(closed).toMatchObject({
      ok: true,
      value: [{ includes: ["auditor", "editor", "viewer"] }, { includes: ["viewer"] }, { includes: ["viewer"] }, {}],
    });
  });

  it.each([
    ["itself", [role("a", [], ["a"])], "cycle"],
    ["one that inherits it", [role("a", [], ["b"]), role("b", [], ["a"])], "cycle"],
    [
      "a long way round",
      [role("a", [], ["b"]), role("b", [], ["c"]), role("c", [], ["d"]), role("d", [], ["b"])],
      "cycle",
    ],
    ["nobody", [role("a", [], ["ghost"])], "unknown"],
    ["a name of Object's", [role("a", [], ["constructor"])], "unknown"],
  ])("is refused where it is %s", (_what, roles, kind) => {
    expect(closeRoles(roles)).toMatchObject({ ok: false, error: { kind } });
  });

  it("goes no further than its bound, in whatever order the roles come", () => {
    const line = (length: number) =>
      Array.from({ length }, (_, at) => role(`r${at}`, [], at + 1 < length ? [`r${at + 1}`] : []));
    expect(closeRoles(line(MAX_GENERATIONS)).ok).toBe(true);
    const tooLong = line(MAX_GENERATIONS + 1);
    expect(closeRoles(tooLong)).toMatchObject({ ok: false, error: { kind: "too_deep" } });
    expect(closeRoles(tooLong.reverse())).toMatchObject({ ok: false, error: { kind: "too_deep" } });
  });

  it("is found in no time where every role inherits all of the next generation", () => {
    const layers = Array.from({ length: MAX_GENERATIONS }, (_, layer) =>
      Array.from({ length: 20 }, (_item, at) =>
        role(
          `l${layer}_${at}`,
          [],
          layer + 1 < MAX_GENERATIONS ? Array.from({ length: 20 }, (_next, to) => `l${layer + 1}_${to}`) : [],
        ),
      ),
    ).flat();
    const closed = closeRoles(layers);
    expect(closed.ok && closed.value[0]?.includes.length).toBe((MAX_GENERATIONS - 1) * 20);
  });

  it("agrees with a naive walk on random graphs", () => {
    const graph = fc.array(fc.array(fc.nat(7), { maxLength: 3 }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(graph, (edges) => {
        const roles = edges.map((to, at) =>
          role(
            `r${at}`,
            [],
            [...new Set(to)].map((next) => `r${next}`),
          ),
        );
        const walk = (from: string, seen: Set<string>): Set<string> => {
          for (const next of roles.find(({ id }) => id === from)?.inherits ?? []) {
            if (!seen.has(next)) walk(next, seen.add(next));
          }
          return seen;
        };
        const reached = roles.map(({ id }) => walk(id, new Set()));
        const closed = closeRoles(roles);
        const isCyclic = reached.some((set, at) => set.has(`r${at}`));
        const told = closed.ok ? closed.value.map(({ includes }) => includes) : closed.error.kind;
        const wanted = reached.map((set) => [...set].sort());
        if (isCyclic) expect(told).toMatch(/cycle|too_deep/);
        else expect([wanted, "too_deep"]).toContainEqual(told);
      }),
    );
  });
});

describe("what somebody with roles may do", () => {
  const book = bookOf(
    role("viewer", ["document:read"]),
    role("editor", ["document:update"], ["viewer"]),
    role("owner", ["document:*"]),
    role("clerk", ["order:read"]),
  );

  it("is what their roles and the roles above say, together", () => {
    const held = book.permissionsOf(["editor", "clerk"]);
    expect(["document:read", "document:update", "order:read"].map((name) => held.has(name))).toEqual([
      true,
      true,
      true,
    ]);
    expect(["document:delete", "order:update"].map((name) => held.has(name))).toEqual([false, false]);
  });

  it("is every action of the type behind `*`, and of no other type", () => {
    const held = book.permissionsOf(["owner"]);
    expect(["document:read", "document:burn"].map((name) => held.has(name))).toEqual([true, true]);
    expect(["order:read", "documents:read", "document", "*", ""].map((name) => held.has(name))).toEqual(
      Array(5).fill(false),
    );
  });

  it.each([[[]], [["ghost"]], [["__proto__"]], [["constructor"]], [["viewer\neditor"]], [["Viewer"]], [["viewer "]]])(
    "is nothing for %j",
    (roles) => {
      expect(book.permissionsOf(roles).size).toBe(0);
    },
  );

  it("is the same set for the same list, made once", () => {
    expect(book.permissionsOf(["editor"])).toBe(book.permissionsOf(["editor"]));
    expect(book.permissionsOf(["editor"])).not.toBe(book.permissionsOf(["viewer"]));
  });

  it("can be traced to the role that gives it", () => {
    expect(book.giverOf("document:read", ["clerk", "editor"])).toEqual({ role: "editor", through: "viewer" });
    expect(book.giverOf("document:burn", ["owner"])).toEqual({ role: "owner", through: "owner" });
    expect(book.giverOf("document:burn", ["editor"])).toBeNull();
  });
});

describe("names", () => {
  it.each([
    "*",
    "*:read",
    "document:*:x",
    "document:",
    ":read",
    "Document:read",
    "document:read ",
    "a:b\n",
    "d:rEAD",
    "",
  ])("%j is no permission", (text) => {
    expect([isPermission(text), isDemandedPermission(text)]).toEqual([false, false]);
  });

  it("a route demands single actions, and a role may have them all", () => {
    expect([isPermission("a:*"), isDemandedPermission("a:*"), isDemandedPermission("a:b")]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it.each(["", ".", "..", "-a", "a/b", "a b", "a%2f", "é", "a".repeat(65), "__proto__"])(
    "%j names no tenant",
    (text) => {
      expect(isTenant(text)).toBe(false);
      expect(tenantOf({ segment: 1 }, ["tenants", text])).toBeNull();
    },
  );

  it("a tenant is what stands at its place, as it stands there", () => {
    expect(tenantOf({ segment: 1 }, ["tenants", "Acme"])).toBe("Acme");
    expect([tenantOf(null, ["a"]), tenantOf({ segment: 3 }, ["a"])]).toEqual([null, null]);
  });
});
