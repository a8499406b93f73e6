import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { CANDIDATE_SQL, D1RoleCandidates } from "../../src/adapters/d1/role_candidates.ts";
import { composeReader } from "../../src/compose/control.ts";
import { RoleBook } from "../../src/policy/role_book.ts";
import { closeRoles } from "../../src/policy/role_graph.ts";
import { type AdminCaller, adminCaller, migrate, stores } from "../support/admin_world.ts";

const NOW_MS = 1_000_000;
const ROLES = [
  { id: "viewer", permissions: ["document:read"], inherits: [] },
  { id: "editor", permissions: ["document:update"], inherits: ["viewer"] },
  { id: "chief", permissions: [], inherits: ["editor"] },
  { id: "all", permissions: ["document:*"], inherits: [] },
  { id: "clerk", permissions: ["order:read", "documents:read"], inherits: [] },
];
const candidates = new D1RoleCandidates(stores.db, () => NOW_MS);
let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
  for (const role of ROLES) await admin.call("POST", "/roles", role);
});

interface Held {
  readonly subject: string;
  readonly role: string;
  readonly tenant?: string;
  readonly until?: number;
}

async function held(...all: readonly Held[]): Promise<void> {
  const insert = stores.db.prepare("INSERT INTO role_holders (subject, role, tenant, until) VALUES (?, ?, ?, ?)");
  await stores.db.exec("DELETE FROM role_holders");
  const rows = all.map(({ subject, role, tenant = "", until = null }) => insert.bind(subject, role, tenant, until));
  for (let at = 0; at < rows.length; at += 100) await stores.db.batch(rows.slice(at, at + 100));
}

describe("who has roles, for searches", () => {
  it("whoever has a role that gives the permission: itself, inherited, by `*`, in any tenant; each once", async () => {
    await held(
      { subject: "usr_a", role: "viewer" },
      { subject: "usr_b", role: "chief", tenant: "acme" },
      { subject: "usr_b", role: "viewer", tenant: "globex" },
      { subject: "usr_c", role: "all" },
      { subject: "usr_d", role: "clerk" },
      { subject: "usr_e", role: "nobody-defined-it" },
      { subject: "cli_a", role: "viewer" },
    );
    expect(await candidates.holders("user", "document:read", null, 10)).toEqual(["usr_a", "usr_b", "usr_c"]);
    expect(await candidates.holders("user", "document:erase", null, 10)).toEqual(["usr_c"]);
    expect(await candidates.holders("user", "order:read", null, 10)).toEqual(["usr_d"]);
    expect(await candidates.holders("user", "invoice:read", null, 10)).toEqual([]);
    expect(await candidates.holders("client", "document:read", null, 10)).toEqual(["cli_a"]);
    expect(await candidates.holders("api_key", null, null, 10)).toEqual([]);
  });

  it("whoever has any role, where none is asked for: also one that nobody defined", async () => {
    await held({ subject: "usr_a", role: "clerk" }, { subject: "usr_b", role: "x" }, { subject: "key_a", role: "x" });
    expect(await candidates.holders("user", null, null, 10)).toEqual(["usr_a", "usr_b"]);
    expect(await candidates.holders("api_key", null, null, 10)).toEqual(["key_a"]);
  });

  it("nobody by what has ended, and those who have something else by that", async () => {
    await held(
      { subject: "usr_a", role: "viewer", until: NOW_MS },
      { subject: "usr_b", role: "viewer", until: NOW_MS + 1 },
      { subject: "usr_c", role: "viewer", until: 1 },
      { subject: "usr_c", role: "viewer", tenant: "acme" },
    );
    for (const permission of ["document:read", null])
      expect(await candidates.holders("user", permission, null, 10)).toEqual(["usr_b", "usr_c"]);
  });

  it("whatever the page's size, all pages together are those whom the book of roles lets, in order", async () => {
    const all = Array.from({ length: 90 }, (_, at) => ({
      subject: `usr_${String((at * 37) % 60).padStart(2, "0")}`,
      role: ROLES[at % ROLES.length]?.id ?? "",
      tenant: at < 60 ? "" : "acme",
    }));
    await held(...all);
    const closed = closeRoles(ROLES);
    if (!closed.ok) throw new Error("no book");
    const book = new RoleBook(1, closed.value);
    for (const permission of ["document:read", "document:erase", "order:read", null]) {
      const lets = ({ role }: Held) => permission === null || book.permissionsOf([role]).has(permission);
      const expected = [...new Set(all.filter(lets).map(({ subject }) => subject))].sort();
      for (const limit of [1, 7, 100]) {
        const found: string[] = [];
        for (;;) {
          const page = await candidates.holders("user", permission, found.at(-1) ?? null, limit);
          if (page.length === 0) break;
          found.push(...page);
        }
        expect(found, `${permission} by ${limit}`).toEqual(expected);
      }
    }
  });

  it("a place in another kind's ids, or behind all, is a place", async () => {
    await held({ subject: "usr_a", role: "viewer" }, { subject: "cli_a", role: "viewer" });
    expect(await candidates.holders("user", null, "https%3A%2F%2Fidp.example|z", 10)).toEqual(["usr_a"]);
    expect(await candidates.holders("user", null, "zzz", 10)).toEqual([]);
    expect(await candidates.holders("client", null, "usr_a", 10)).toEqual([]);
  });

  it("a page costs what it holds: ranges of an index, for each role no more than the page", async () => {
    const plan = async (sql: string, values: unknown[]) => {
      const { results } = await stores.db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .bind(...values)
        .all<{ detail: string }>();
      return results.map(({ detail }) => detail).join("\n");
    };
    const page = ["usr_", "usr`", NOW_MS, 10];
    const any = await plan(CANDIDATE_SQL.WITH_ANY, page);
    expect(any).toMatch(/SEARCH role_holders USING PRIMARY KEY \(subject>\? AND subject<\?\)/);
    expect(any).not.toMatch(/TEMP B-TREE/);
    const giving = await plan(CANDIDATE_SQL.WITH_PERMISSION, [...page, "document:read", "document:*"]);
    expect(giving).toMatch(/SEARCH n USING INDEX role_holders_by_role \(role=\? AND subject>\? AND subject<\?\)/);
    expect(giving).toMatch(/SEARCH h USING COVERING INDEX role_holders_by_role \(role=\? AND subject=\?\)/);
  });
});

describe("what the issuer tells a search", () => {
  const asked = { sought: "principals", to: { type: "document", id: "1" }, after: null, limit: 10 } as const;

  it("is what operators assigned, from then on and no longer", async () => {
    await stores.db.exec("DELETE FROM role_holders");
    const id = String((await admin.call("POST", "/users", { email: "found@example.com" })).json.id);
    const told = () =>
      composeReader(env).relatedIds({ ...asked, schema: null, type: "user", holders: { permission: "document:read" } });
    expect(await told()).toEqual({ ids: [], isLast: true, isWhole: true });
    const given = await admin.call("POST", "/assignments", { subject: id, role: "chief", tenant: "acme" });
    expect(await told()).toEqual({ ids: [id], isLast: true, isWhole: true });
    await admin.call("DELETE", `/assignments/${given.json.id}`);
    expect(await told()).toEqual({ ids: [], isLast: true, isWhole: true });
  });

  it("is nothing of whoever has no roles, nor for a permission that is none", async () => {
    const ask = (type: string, permission: string) =>
      composeReader(env).relatedIds({ ...asked, schema: null, type, holders: { permission } });
    await expect(ask("group", "document:read")).rejects.toThrow();
    await expect(ask("user", "document:*")).rejects.toThrow();
    await expect(ask("user", "x' OR 1=1 --")).rejects.toThrow();
  });
});
