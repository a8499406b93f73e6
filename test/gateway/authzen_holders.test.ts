import { beforeAll, describe, expect, it } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { type AdminCaller, adminCaller, migrate } from "../support/admin_world.ts";
import { authzenConfig } from "../support/authzen_config.ts";
import {
  type AuthzenCaller,
  authzenCaller,
  authzenWorld,
  type Callers,
  related,
  settledCaller,
  storedUser,
  unrelated,
} from "../support/authzen_world.ts";
import { captureLogs } from "../support/logs.ts";
import { problemOf } from "../support/refused.ts";

/* Searches for whoever has access by a role or a permission, and answers that know of a change (consistency tokens). */
const logs = captureLogs();
let admin: AdminCaller;
let reader: string;
let acmes: string;
let disabled: string;
let staff: string;
let friend: string;
let many: readonly string[];

const POLICY: NonNullable<ConfigInput["policy"]> = {
  resources: {
    report: {
      attributes: { org: "string" },
      tenant: "org",
      actions: { read: { permissions: ["report:read"] }, print: {}, share: {}, sign: { permissions: ["report:sign"] } },
    },
  },
  relations: { report: { owner: "[user]" } },
  rules: [
    { id: "staff-print", effect: "allow", on: ["report:print"], when: '"staff" in principal.roles' },
    { id: "owners-share", effect: "allow", on: ["report:share"], when: 'can(principal, "owner", resource)' },
    {
      id: "not-their-own",
      effect: "deny",
      on: ["report:sign"],
      when: 'can(principal, "owner", resource)',
    },
    { id: "others-sign", effect: "allow", on: ["report:sign"], when: "true" },
  ],
};

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
  await admin.call("POST", "/roles", { id: "viewer", permissions: ["report:read"] });
  await admin.call("POST", "/roles", { id: "auditor", permissions: ["report:sign"], inherits: ["viewer"] });
  reader = await storedUser({ roles: ["viewer"] });
  acmes = await storedUser({ assignments: [{ role: "auditor", tenant: "acme", untilMs: null }] });
  disabled = await storedUser({ roles: ["viewer"], disabled: true });
  staff = await storedUser({ roles: ["staff"] });
  friend = await storedUser();
  many = await Promise.all(Array.from({ length: 7 }, () => storedUser({ roles: ["crowd"] })));
  await related(`report:1#owner@user:${friend}`, `report:1#owner@user:${acmes}`);
});

const world = (authzen: Parameters<typeof authzenConfig>[1] = {}) =>
  authzenWorld(authzenConfig(POLICY, { search: {}, ...authzen }));
const report = (org?: string, id = "1") => ({ type: "report", id, ...(org && { properties: { org } }) });
const who = (name: string, resource: object, page: object = {}) => ({
  subject: { type: "user" },
  action: { name },
  resource,
  page,
});

interface Page {
  readonly page: { readonly next_token: string; readonly count: number };
  readonly context?: object;
  readonly results: readonly { readonly id: string }[];
}

const found = async ({ answer }: AuthzenCaller, body: object) => {
  const { results, page } = (await answer("search/subject", body)) as Page;
  expect(page.next_token).toBe("");
  return results.map(({ id }) => id);
};

describe("a search for subjects", () => {
  it("finds who has a permission by a role, also one that is inherited, and in the resource's tenant alone", async () => {
    const caller = await world();
    expect(await found(caller, who("read", report()))).toEqual([reader]);
    expect(await found(caller, who("read", report("acme")))).toEqual([reader, acmes].sort());
    expect(await found(caller, who("read", report("globex")))).toEqual([reader]);
    expect(await found(caller, who("read", report("acme", "an id that no tuple has")))).toEqual([reader, acmes].sort());
    expect((await caller.answer("search/subject", who("read", report("acme")))) as Page).not.toHaveProperty("context");
  });

  it("finds who has a role that rules ask for, and nobody who may not act any more", async () => {
    const caller = await world();
    expect(await found(caller, who("print", report()))).toEqual([staff]);
    expect(await found(caller, who("read", report("acme")))).not.toContain(disabled);
  });

  it("finds who has a relation, and whom a rule denies is not found for their role", async () => {
    const caller = await world();
    expect(await found(caller, who("share", report()))).toEqual([friend, acmes].sort());
    expect(await found(caller, who("sign", report("acme")))).toEqual([]);
    expect(await found(caller, who("sign", report("acme", "2")))).toEqual([acmes]);
  });

  it("finds no more than single questions would say yes to, of everybody there is", async () => {
    const { answer } = await world();
    const everybody = [reader, acmes, disabled, staff, friend, ...many];
    for (const name of ["read", "print", "share", "sign"]) {
      const resource = report("acme");
      const evaluations = everybody.map((id) => ({ subject: { type: "user", id } }));
      const single = (await answer("evaluations", { action: { name }, resource, evaluations })) as {
        evaluations: { decision: boolean }[];
      };
      const yes = everybody.filter((_, at) => single.evaluations[at]?.decision === true).sort();
      const { results } = (await answer("search/subject", who(name, resource))) as Page;
      expect(
        results.map(({ id }) => id),
        name,
      ).toEqual(yes);
    }
  });

  it("goes on page by page where nobody on a page may, each found once", async () => {
    const caller = await world({ search: { maxCandidates: 2 } });
    const all: string[] = [];
    let token: string | undefined;
    let pages = 0;
    do {
      const page = token === undefined ? { limit: 1 } : { limit: 1, token };
      const told = (await caller.answer("search/subject", who("print", report(), page))) as Page;
      all.push(...told.results.map(({ id }) => id));
      token = told.page.next_token === "" ? undefined : told.page.next_token;
      pages += 1;
      expect(pages).toBeLessThan(20);
    } while (token !== undefined);
    expect(all).toEqual([staff]);
    expect(pages).toBeGreaterThan(2);
  });

  it("whose token is another caller's, or another tenant's search, is refused", async () => {
    const caller = await world({ search: { maxCandidates: 1 } });
    const { page } = (await caller.answer("search/subject", who("read", report("acme"), { limit: 1 }))) as Page;
    const again = { limit: 1, token: page.next_token };
    const other = await authzenCaller(caller.gate);
    for (const [by, body] of [
      [other, who("read", report("acme"), again)],
      [caller, who("read", report("globex"), again)],
      [caller, who("read", report(), again)],
      [caller, who("sign", report("acme"), again)],
    ] as const) {
      const response = await by.ask("search/subject", body);
      expect([response.status, (await problemOf(response)).code]).toEqual([400, "page_token_invalid"]);
    }
    expect((await caller.ask("search/subject", who("read", report("acme"), again))).status).toBe(200);
  });

  it("that is kept to a tenant finds nobody for what is another's", async () => {
    const configOf = (callers: Callers) => authzenConfig(POLICY, { search: {}, callers });
    const kept = await settledCaller(configOf, { tenants: ["acme"] });
    expect(await found(kept, who("read", report("acme")))).toEqual([reader, acmes].sort());
    expect(await found(kept, who("read", report("globex")))).toEqual([]);
    expect(await found(kept, who("read", report()))).toEqual([]);
  });
});

describe("a consistency token", () => {
  const asks = (id: string) => ({ subject: { type: "user", id }, action: { name: "share" }, resource: report() });
  it("makes the next answer know of the change, in each kind of question", async () => {
    const late = await storedUser();
    // The feed tells this gate of no change any more: what is in its memory counts for a minute.
    const position = { generation: "one", seq: 0 };
    const pull = async () => ({ position, entries: [], more: false });
    const caller = await authzenWorld(authzenConfig(POLICY, { search: {} }), { reader: (real) => ({ ...real, pull }) });
    expect(await caller.answer("evaluation", asks(late))).toEqual({ decision: false });
    const token = await related(`report:1#owner@user:${late}`);
    const headers = { "sallyport-consistency": token };
    expect(await caller.answer("evaluation", asks(late)), "from memory").toEqual({ decision: false });
    expect(await (await caller.ask("evaluation", asks(late), headers)).json()).toEqual({ decision: true });
    const taken = { "sallyport-consistency": await unrelated(`report:1#owner@user:${late}`) };
    expect(await caller.answer("evaluation", asks(late)), "from memory").toEqual({ decision: true });
    const several = { evaluations: [asks(late)] };
    expect(await (await caller.ask("evaluations", several, taken)).json()).toEqual({
      evaluations: [{ decision: false }],
    });
    const people = (await (await caller.ask("search/subject", who("share", report()), taken)).json()) as Page;
    expect(people.results.map(({ id }) => id)).not.toContain(late);
  });

  it.each(["latest", "rev_", "rev_-1", "REV_1", "rev_1, rev_2", `rev_${"z".repeat(20)}`])(
    "%j is none: 400",
    async (text) => {
      const { ask } = await world();
      const response = await ask("evaluation", asks(friend), { "sallyport-consistency": text });
      expect([response.status, (await problemOf(response)).code]).toEqual([400, "consistency_malformed"]);
      expect(logs.events("access_evaluated")).toEqual([]);
    },
  );

  it("of a change that was never made has no answer, rather than an older one", async () => {
    const { ask } = await world();
    const headers = { "sallyport-consistency": "rev_zzzzzz" };
    for (const [path, body] of [
      ["evaluation", asks(friend)],
      ["evaluations", { evaluations: [asks(friend), asks(friend)] }],
      ["evaluations", { evaluations: [asks(friend)], options: { evaluations_semantic: "deny_on_first_deny" } }],
      ["search/subject", who("share", report())],
    ] as const) {
      const response = await ask(path, body, headers);
      expect([response.status, (await problemOf(response)).code]).toEqual([400, "consistency_unreached"]);
    }
    expect((await ask("evaluation", { ...asks(staff), action: { name: "print" } }, headers)).status).toBe(200);
  });
});
