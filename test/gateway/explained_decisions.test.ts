import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { explain } from "../../src/access/explain/explain.ts";
import { D1Relations } from "../../src/adapters/d1/relations.ts";
import { D1TupleReader } from "../../src/adapters/d1/tuple_reader.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { explainParts } from "../../src/compose/explain.ts";
import { RoleBook } from "../../src/policy/role_book.ts";
import type { ExplainQuestion } from "../../src/ports/explaining.ts";
import { actionConfig } from "../support/action_config.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { compiled, install } from "../support/install.ts";
import { backstage, migrate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { tuple } from "../support/relation_graph.ts";

/*
 * An explanation that says something else than the gate is worse than none. Each call here is decided by the gate and explained, of the same
 * configuration, relations, roles and clock.
 */
const logs = captureLogs();
const network = stubNetwork();
const TUESDAY = Date.parse("2026-11-24T09:30:00Z");
const TUPLES = [
  "document:plan#owner@user:usr_owner",
  "document:plan#parent@folder:q4",
  "folder:q4#viewer@group:eng#member",
  "group:eng#member@user:usr_group",
];
const OWNERS: Readonly<Record<string, string>> = { mine: "usr_alice", theirs: "usr_bob" };
const config = compiled(actionConfig());
let ring: ForgeKey;

beforeAll(async () => {
  await migrate();
  ring = await ringKey();
  const store = new D1Relations(backstage.db);
  await store.change({ writes: TUPLES.map(tuple), deletes: [], preconditions: [], nowMs: TUESDAY });
});
beforeEach(() => {
  vi.setSystemTime(TUESDAY);
  network.origin(({ url }) => {
    const [, kind, id = ""] = /\/internal\/(orders|documents)\/(\w+)$/.exec(url) ?? [];
    if (kind === "orders") return Response.json({ department: "sales" });
    return Response.json(kind === "documents" ? { owner: OWNERS[id] ?? "nobody" } : { from: "origin" });
  });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Case {
  readonly name: string;
  readonly method?: string;
  readonly url: string;
  readonly body?: object;
  readonly sub?: string;
  readonly claims?: Record<string, unknown>;
  /** What the origin says of the resource. */
  readonly told?: Record<string, unknown>;
  readonly country?: string;
}

const CASES: readonly Case[] = [
  { name: "no route", url: "/nowhere" },
  { name: "no such method", method: "DELETE", url: "/documents/plan" },
  { name: "a public route", url: "/public/health" },
  { name: "a scope is missing", url: "/orders", claims: { scope: "" } },
  { name: "a scope is there", url: "/orders", claims: { scope: "orders:read" } },
  { name: "a role is missing", url: "/managers" },
  { name: "a role is there", url: "/managers", claims: { roles: ["owner"] } },
  { name: "keys alone", url: "/keys-only" },
  { name: "the owner reads", url: "/documents/plan", sub: "usr_owner" },
  { name: "who is in a group reads", url: "/documents/plan", sub: "usr_group" },
  { name: "anybody else does not", url: "/documents/plan", sub: "usr_else" },
  { name: "from a country that a rule denies", url: "/documents/plan", sub: "usr_owner", country: "T1" },
  { name: "the owner writes", method: "PUT", url: "/documents/plan", body: { id: "plan" }, sub: "usr_owner" },
  { name: "ids that disagree", method: "PUT", url: "/documents/plan", body: { id: "other" }, sub: "usr_owner" },
  { name: "what the origin says is one's own", url: "/hidden/mine", told: { owner: "usr_alice" } },
  { name: "and what is another's", url: "/hidden/theirs", told: { owner: "usr_bob" } },
  { name: "a sign-in that is too old", url: "/purge/mine", told: { owner: "usr_alice" } },
  {
    name: "a sign-in that is new",
    url: "/purge/mine",
    told: { owner: "usr_alice" },
    claims: { auth_time: TUESDAY / 1000 - 60 },
  },
  {
    name: "a manager of the department",
    method: "POST",
    url: "/orders/1/approve",
    claims: { roles: ["manager"], attributes: { department: "sales" } },
    told: { department: "sales" },
  },
  {
    name: "a rule that fails",
    method: "POST",
    url: "/orders/1/approve",
    claims: { roles: ["manager"] },
    told: { department: "sales" },
  },
  { name: "by the body", method: "POST", url: "/new-orders", body: { amount: 10.5, items: [{ kind: "pen" }] } },
  { name: "not by the body", method: "POST", url: "/new-orders", body: { amount: 10.5, items: [{ kind: "weapon" }] } },
  { name: "too many amounts", method: "POST", url: "/new-orders", body: { amount: "10", items: [] } },
];

const OF_ROLES = new RoleBook(0, []);

function question({ method = "GET", url, body, sub = "usr_alice", claims, told, country }: Case): ExplainQuestion {
  const { auth_time: authTime, scope, roles, attributes } = claims ?? {};
  const said = {
    client_id: "web",
    scopes: typeof scope === "string" ? scope.split(" ").filter((one) => one !== "") : [],
    ...(roles !== undefined && { roles }),
    ...(attributes !== undefined && { attributes }),
  };
  return {
    caller: { kind: "subject", type: "user", id: sub, properties: said },
    about: {
      kind: "request",
      method,
      url,
      headers: [],
      body,
      told: told === undefined ? [] : [{ id: null, properties: told }],
    },
    context: { ...(authTime !== undefined && { authTime }), ...(country !== undefined && { country }) },
  };
}

const parts = () =>
  explainParts(config, {
    snapshot: "s",
    book: OF_ROLES,
    tuples: new D1TupleReader(need(readBindings(env), "DB"), () => false),
    subjects: null,
  });

describe("an explanation says what the gate decides", () => {
  it.each(CASES)("$name", async (one) => {
    const { method = "GET", url, body, sub = "usr_alice", claims, country } = one;
    const gate = install({ config: actionConfig() });
    const headers = {
      ...bearer(await token(ring, { sub, client_id: "web", ...claims })),
      ...(body && { "content-type": "application/json" }),
    };
    const cf = country === undefined ? {} : { country };
    const response = await gate.fetch(url, { method, headers, cf, ...(body && { body: JSON.stringify(body) }) });
    await response.text();
    const told = await explain(question(one), parts(), TUESDAY, () => undefined);
    expect(told.ok, JSON.stringify(told)).toBe(true);
    if (!told.ok) return;
    const decided = logs.lastDecision;
    expect({ effect: told.value.effect, reason: told.value.reason }).toEqual({
      effect: decided?.outcome === "allowed" ? "allow" : "deny",
      reason: decided?.reason ?? null,
    });
    if (told.value.route !== null && !told.value.route.isPublic && told.value.rules.length > 0) {
      expect([...told.value.rules].sort()).toEqual([decided?.rules].flat().sort());
    }
  });
});

describe("an explanation says why", () => {
  it("a rule that is false, with the first condition that is, and what it saw", async () => {
    const told = await explain(
      question({ name: "", method: "POST", url: "/orders/1/approve", claims: { roles: ["clerk"] } }),
      parts(),
      TUESDAY,
      () => undefined,
    );
    const [rule] = (told.ok && told.value.decisions[0]?.rules) || [];
    expect(rule).toMatchObject({ id: "manager-approves", value: "false" });
    expect(rule?.failed?.condition).toContain('"manager" in principal.roles');
    expect(rule?.failed?.values).toEqual([{ name: "principal.roles", value: ["clerk"] }]);
  });

  it("the tuples that grant a relation, and what was looked at where none do", async () => {
    const granted = await explain(
      question({ name: "", url: "/documents/plan", sub: "usr_group" }),
      parts(),
      TUESDAY,
      () => undefined,
    );
    expect(granted.ok && granted.value.relations).toEqual([
      {
        check: "document:plan#viewer@user:usr_group",
        answer: true,
        path: [
          "document:plan#parent@folder:q4",
          "folder:q4#viewer@group:eng#member",
          "group:eng#member@user:usr_group",
        ],
        looked: [],
      },
    ]);
    const not = await explain(
      question({ name: "", url: "/documents/plan", sub: "usr_else" }),
      parts(),
      TUESDAY,
      () => undefined,
    );
    const [relation] = (not.ok && not.value.relations) || [];
    expect(relation).toMatchObject({ answer: false, path: [] });
    expect(relation?.looked.join("\n")).toContain("folder:q4#viewer: group:eng#member");
  });

  it.each([
    ["authorization", "Bearer abc"],
    ["Cookie", "__Host-session=abc"],
    ["x-api-key", "sk_live_abc"],
    ["X-Forward-Secret", "abc"],
  ])("a secret in `%s` is refused, and is not repeated", async (name, value) => {
    const asked = question({ name: "", url: "/whoami" });
    const about = { ...asked.about, headers: [[name, value]] } as ExplainQuestion["about"];
    const told = await explain({ ...asked, about }, parts(), TUESDAY, () => undefined);
    expect(told).toMatchObject({ ok: false, error: { field: "request.headers" } });
    expect(JSON.stringify(told)).not.toContain("abc");
  });

  it("so is one in the URL", async () => {
    const asked = question({ name: "", url: "/whoami?access_token=abc" });
    const told = await explain(asked, parts(), TUESDAY, () => undefined);
    expect(told).toMatchObject({ ok: false, error: { field: "request.url" } });
    expect(JSON.stringify(told)).not.toContain("abc");
  });
});
