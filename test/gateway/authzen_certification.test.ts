import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { authzenConfig, RECORDS } from "../support/authzen_config.ts";
import { type AuthzenCaller, authzenWorld, related, storedUser } from "../support/authzen_world.ts";
import { GATEWAY_URL } from "../support/gateway_config.ts";
import { migrate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

/*
 * The AuthZEN working group's certification scenario (authorization-api-1_0-scenario), test by test, under its numbers. Its users are ours by another id,
 * and what it says of subjects is what we know of them ourselves.
 */

captureLogs();
let caller: AuthzenCaller;
let alice: { type: string; id: string };
let bob: { type: string; id: string };
let gate: Awaited<ReturnType<typeof authzenWorld>>["gate"];

const [read, write] = [{ name: "read" }, { name: "write" }];
const record = (n: number, status?: string) => ({
  type: "record",
  id: `record-${n}`,
  ...(status === undefined ? {} : { properties: { status } }),
});

beforeAll(async () => {
  await migrate();
  alice = { type: "user", id: await storedUser() };
  bob = { type: "user", id: await storedUser({ roles: ["admin"] }) };
  await related(
    `record:record-1#owner@user:${alice.id}`,
    `record:record-2#owner@user:${alice.id}`,
    `record:record-1#viewer@user:${bob.id}`,
    `record:record-2#viewer@user:${bob.id}`,
  );
});

beforeEach(async () => {
  const world = await authzenWorld(authzenConfig(RECORDS, { search: {} }));
  caller = world;
  gate = world.gate;
});

const decide = async (body: object) => (await caller.answer("evaluation", body)) as { decision: boolean };

describe("Basic", () => {
  it("2.2.1 to 2.2.3: permits and denies by identifiers alone, with a context or without", async () => {
    const context = { time: "2025-06-27T18:03-07:00", ip: "192.168.1.1" };
    expect(await decide({ subject: alice, action: read, resource: record(1) })).toEqual({ decision: true });
    expect(await decide({ subject: alice, action: write, resource: record(1) })).toEqual({ decision: true });
    expect(await decide({ subject: bob, action: read, resource: record(1) })).toEqual({ decision: true });
    expect(await decide({ subject: bob, action: write, resource: record(1) })).toEqual({ decision: false });
    expect(await decide({ subject: alice, action: read, resource: record(1), context })).toEqual({ decision: true });
  });

  it("2.2.4 to 2.2.7: by properties of the resource, of the subject (as we know it), and of the action", async () => {
    const archived = record(2, "archived");
    expect(await decide({ subject: alice, action: write, resource: archived })).toEqual({ decision: false });
    const admin = { ...bob, properties: { role: "admin" } };
    expect(await decide({ subject: admin, action: write, resource: archived })).toEqual({ decision: true });
    const deletes = (soft: boolean) => ({ name: "delete", properties: { soft } });
    expect(await decide({ subject: alice, action: deletes(true), resource: record(1) })).toEqual({ decision: true });
    expect(await decide({ subject: alice, action: deletes(false), resource: record(1) })).toEqual({ decision: false });
  });

  it("2.2.8, 2.2.9: further properties and unknown fields are passed over", async () => {
    const body = {
      subject: { ...alice, properties: { department: "Sales", role: "manager" } },
      action: { name: "read", properties: { method: "GET" } },
      resource: { ...record(1), properties: { status: "active", owner: "bob" } },
      foo: "bar",
      futureField: { nested: true },
    };
    expect(await decide(body)).toEqual({ decision: true });
  });

  const whole = () => ({ subject: alice, action: read, resource: record(1) });
  it.each<[string, () => unknown]>([
    ["2.4.1 no subject", () => ({ ...whole(), subject: undefined })],
    ["2.4.1 no action", () => ({ ...whole(), action: undefined })],
    ["2.4.1 no resource", () => ({ ...whole(), resource: undefined })],
    ["2.4.2 no subject.type", () => ({ ...whole(), subject: { id: "alice" } })],
    ["2.4.2 no subject.id", () => ({ ...whole(), subject: { type: "user" } })],
    ["2.4.2 no action.name", () => ({ ...whole(), action: {} })],
    ["2.4.2 no resource.type", () => ({ ...whole(), resource: { id: "record-1" } })],
    ["2.4.2 no resource.id", () => ({ ...whole(), resource: { type: "record" } })],
    ["2.4.4 malformed JSON", () => '{"subject":'],
    ["2.4.5 an empty body", () => ""],
    ["2.4.6 a subject that is a text", () => ({ ...whole(), subject: "alice" })],
    ["2.4.6 a name that is a number", () => ({ ...whole(), action: { name: 123 } })],
  ])("%s: 400", async (_, body) => {
    expect((await caller.ask("evaluation", body())).status).toBe(400);
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonp"])("2.4.3 %s: 400", async (type) => {
    expect((await caller.ask("evaluation", whole(), { "content-type": type })).status).toBe(400);
  });

  it("2.5: X-Request-ID comes back, on errors as well; without one the answer has ours", async () => {
    const sent = { "x-request-id": "bfe9eb29-ab87-4ca3-be83-a1d5d8305716 of mine" };
    expect((await caller.ask("evaluation", whole(), sent)).headers.get("x-request-id")).toBe(sent["x-request-id"]);
    expect((await caller.ask("evaluation", "", sent)).headers.get("x-request-id")).toBe(sent["x-request-id"]);
    expect((await caller.ask("evaluation", whole())).headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("2.6: the same question has the same answer", async () => {
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => decide(whole())));
    expect(answers).toEqual(Array(5).fill({ decision: true }));
  });

  it("5: answers are JSON", async () => {
    const response = await caller.ask("evaluation", whole(), { "content-type": "application/json; charset=utf-8" });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(response.headers.get("cache-control")).toContain("no-store");
  });
});

describe("Batch", () => {
  const several = async (body: object) => {
    const answer = (await caller.answer("evaluations", body)) as { evaluations: { decision: boolean }[] };
    return answer.evaluations.map(({ decision }) => decision);
  };

  it("3.2.1, 3.2.2, 3.2.5: in order, with defaults or without", async () => {
    expect(
      await several({ subject: alice, action: read, evaluations: [1, 2].map((n) => ({ resource: record(n) })) }),
    ).toEqual([true, true]);
    expect(
      await several({ subject: bob, resource: record(1), evaluations: [{ action: read }, { action: write }] }),
    ).toEqual([true, false]);
    const evaluations = [
      { subject: alice, action: read, resource: record(1) },
      { subject: bob, action: write, resource: record(1) },
    ];
    expect(await several({ evaluations })).toEqual([true, false]);
  });

  it("3.2.3, 3.2.4, 3.2.7: properties of each, and whole members taken over", async () => {
    const records = [{ resource: record(1, "active") }, { resource: record(2, "archived") }];
    expect(await several({ subject: alice, action: write, evaluations: records })).toEqual([true, false]);
    const people = [{ subject: alice }, { subject: { ...bob, properties: { role: "admin" } } }];
    expect(await several({ action: write, resource: record(2, "archived"), evaluations: people })).toEqual([
      false,
      true,
    ]);
    const defaults = { subject: alice, action: write, resource: record(1, "active") };
    expect(await several({ ...defaults, evaluations: [{}, { resource: record(2, "archived") }] })).toEqual([
      true,
      false,
    ]);
  });

  it("3.2.6: a context for all, and one of its own", async () => {
    const context = { time: "2025-06-27T18:03-07:00" };
    const own = { time: "2025-06-27T19:00-07:00", source: "batch-override" };
    const evaluations = [{ resource: record(1) }, { resource: record(2), context: own }];
    expect(await several({ subject: alice, action: read, context, evaluations })).toEqual([true, true]);
  });

  it("3.4.1: one that lacks something is denied in its place", async () => {
    const body = {
      subject: alice,
      action: read,
      options: { evaluations_semantic: "execute_all" },
      evaluations: [{ resource: record(1) }, {}],
    };
    expect(await caller.answer("evaluations", body)).toEqual({
      evaluations: [
        { decision: true },
        { decision: false, context: { error: { status: 400, message: "`resource` is missing" } } },
      ],
    });
  });

  it.each([{}, { evaluations: [] }])("3.4.2, 3.4.3: %j is one evaluation", async (members) => {
    const body = { subject: alice, action: read, resource: record(1), ...members };
    expect(await caller.answer("evaluations", body)).toEqual({ decision: true });
  });

  it("7.1.2.1 of the specification: deny on first deny, permit on first permit", async () => {
    const body = (evaluations_semantic: string) => ({
      subject: bob,
      resource: record(1),
      options: { evaluations_semantic },
      evaluations: [{ action: read }, { action: write }, { action: read }],
    });
    expect(await several(body("deny_on_first_deny"))).toEqual([true, false]);
    expect(await several(body("permit_on_first_permit"))).toEqual([true]);
  });
});

describe("Search", () => {
  const context = { time: "2025-06-27T18:03-07:00", ip: "192.168.1.1" };
  const results = async (kind: string, body: object) =>
    ((await caller.answer(`search/${kind}`, body)) as { results: unknown[] }).results;

  it("4.2: subjects, with a context, and whatever id is given", async () => {
    const body = { subject: { type: "user" }, action: read, resource: record(1) };
    const both = [alice, bob].sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(await results("subject", body)).toEqual(both);
    expect(await results("subject", { ...body, context })).toEqual(both);
    expect(await results("subject", { ...body, subject: alice })).toEqual(both);
    expect(await results("subject", { ...body, action: write, resource: record(2, "archived") })).toEqual([bob]);
  });

  it("4.3: resources, with a context, and whatever id is given", async () => {
    const body = { subject: alice, action: read, resource: { type: "record" } };
    expect(await results("resource", body)).toEqual([record(1), record(2)]);
    expect(await results("resource", { ...body, context })).toEqual([record(1), record(2)]);
    expect(await results("resource", { ...body, resource: record(1) })).toEqual([record(1), record(2)]);
  });

  it("4.4: actions", async () => {
    expect(await results("action", { subject: alice, resource: record(1) })).toEqual([read, write]);
    expect(await results("action", { subject: alice, resource: record(1), context })).toEqual([read, write]);
    const admin = { ...bob, properties: { role: "admin" } };
    expect(await results("action", { subject: admin, resource: record(2, "archived") })).toEqual([read, write]);
  });

  it("4.5: a page after another, the limit said again or not", async () => {
    const body = { subject: { type: "user" }, action: read, resource: record(1) };
    const first = (await caller.answer("search/subject", { ...body, page: { limit: 1 } })) as Page;
    expect(first.results).toHaveLength(1);
    expect(Object.keys(first)[0]).toBe("page");
    const token = first.page.next_token;
    expect(token).not.toBe("");
    const second = (await caller.answer("search/subject", { ...body, page: { token } })) as Page;
    expect(second).toEqual({ page: { next_token: "", count: 1 }, results: [expect.anything()] });
    expect([...first.results, ...second.results]).toEqual([alice, bob].sort((a, b) => (a.id < b.id ? -1 : 1)));
    expect(await caller.answer("search/subject", { ...body, page: { token, limit: 1 } })).toEqual(second);
  });

  it("4.6: what nobody knows finds nothing", async () => {
    const nobody = { type: "user", id: "nonexistent-user" };
    const ship = { type: "spaceship", id: "1" };
    expect(await results("action", { subject: nobody, resource: record(1) })).toEqual([]);
    expect(await results("resource", { subject: nobody, action: read, resource: { type: "record" } })).toEqual([]);
    expect(await results("resource", { subject: alice, action: read, resource: ship })).toEqual([]);
    expect(await results("subject", { subject: ship, action: read, resource: record(1) })).toEqual([]);
    expect(await results("subject", { subject: alice, action: read, resource: ship })).toEqual([]);
  });

  it.each([
    ["subject", { subject: { type: "user" }, resource: { type: "record", id: "record-1" } }],
    ["resource", { action: read, resource: { type: "record" } }],
    ["action", { subject: { type: "user", id: "x" } }],
    ["subject", { subject: { type: "user" }, action: read, resource: { type: "record" } }],
    ["resource", { subject: { type: "user" }, action: read, resource: { type: "record" } }],
    ["action", { subject: { type: "user" }, resource: { type: "record", id: "record-1" } }],
  ])("4.7: %s search, %j: 400", async (kind, body) => {
    expect((await caller.ask(`search/${kind}`, body)).status).toBe(400);
  });
});

interface Page {
  readonly page: { readonly next_token: string };
  readonly results: readonly unknown[];
}

describe("Discovery", () => {
  it("6: the metadata names what is there", async () => {
    const response = await gate.fetch("/.well-known/authzen-configuration");
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(await response.json()).toEqual({
      policy_decision_point: GATEWAY_URL,
      access_evaluation_endpoint: `${GATEWAY_URL}/access/v1/evaluation`,
      access_evaluations_endpoint: `${GATEWAY_URL}/access/v1/evaluations`,
      search_subject_endpoint: `${GATEWAY_URL}/access/v1/search/subject`,
      search_resource_endpoint: `${GATEWAY_URL}/access/v1/search/resource`,
      search_action_endpoint: `${GATEWAY_URL}/access/v1/search/action`,
    });
  });
});
