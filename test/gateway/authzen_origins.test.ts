import { beforeAll, describe, expect, it } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { authzenConfig, RECORDS } from "../support/authzen_config.ts";
import {
  type AuthzenCaller,
  authzenWorld,
  type Callers,
  related,
  settledCaller,
  storedUser,
} from "../support/authzen_world.ts";
import { ORIGIN_URL } from "../support/gateway_config.ts";
import { migrate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

/* An origin that is asked what its resources are like (`policy.metadata`), for those who ask what may be done with them. */
const logs = captureLogs();
const network = stubNetwork();
let owner: string;
let admin: string;

beforeAll(async () => {
  await migrate();
  owner = await storedUser();
  admin = await storedUser({ roles: ["admin"] });
  for (const id of ["1", "2", "3"]) {
    await related(`record:${id}#owner@user:${owner}`, `record:${id}#viewer@user:${admin}`);
  }
});

const SOURCE = { type: "record", url: `${ORIGIN_URL}/internal/records/{id}`, onUnavailable: "deny" } as const;

type Sources = NonNullable<NonNullable<ConfigInput["policy"]>["metadata"]>;

function configOf(metadata: Sources, authzen: Parameters<typeof authzenConfig>[1] = {}): ConfigInput {
  const record = {
    ...RECORDS.resources.record,
    attributes: { status: "string", org: "string" },
    tenant: "org",
  } as const;
  const policy = { ...RECORDS, resources: { record }, metadata };
  const config = authzenConfig(policy, { reasons: "codes", search: {}, ...authzen });
  return {
    ...config,
    gateway: { ...config.gateway, outboundOrigins: [...(config.gateway.outboundOrigins ?? []), ORIGIN_URL] },
  };
}

const world = (metadata: Sources = { records: SOURCE }, authzen: Parameters<typeof authzenConfig>[1] = {}) =>
  authzenWorld(configOf(metadata, authzen));

/** Puts an origin there that knows three records, the second one archived and of another tenant. */
function knowing(other?: (id: string) => Response | undefined): void {
  network.origin(({ url }) => {
    const [, id = ""] = /\/internal\/records\/([^/?]*)$/.exec(url) ?? [];
    const known = { "1": ["active", "acme"], "2": ["archived", "globex"], "3": ["archived", "acme"] }[id];
    if (known === undefined) return other?.(id) ?? new Response(null, { status: 404 });
    return other?.(id) ?? Response.json({ status: known[0], org: known[1], secret: "not declared" });
  });
}

const asks = (id: string, name: string, who: string, properties?: object) => ({
  subject: { type: "user", id: who },
  action: { name },
  resource: { type: "record", id, ...(properties && { properties }) },
});
const decide = async ({ answer }: AuthzenCaller, body: object) => {
  const { decision, context } = (await answer("evaluation", body)) as {
    decision: boolean;
    context?: { reason: string };
  };
  return `${decision} ${context?.reason ?? ""}`.trim();
};

describe("a resource's origin", () => {
  it("is believed over whoever asks: what it tells cannot be said by anybody else", async () => {
    knowing();
    const caller = await world();
    expect(await decide(caller, asks("2", "write", owner))).toBe("false no_rule_allows");
    for (const lie of [{ status: "active" }, { status: null }, { status: 7 }, { status: "active", org: "acme" }]) {
      expect(await decide(caller, asks("2", "write", owner, lie)), JSON.stringify(lie)).toBe("false no_rule_allows");
    }
    expect(await decide(caller, asks("1", "write", admin, { status: "archived" }))).toBe("false no_rule_allows");
    expect(await decide(caller, asks("2", "write", admin, { status: "active" }))).toBe("true");
    expect(await decide(caller, asks("9", "write", owner, { status: "active" }))).toBe("false resource_absent");
  });

  it("that does not say one of them leaves it unknown: whoever asks does not fill it in", async () => {
    network.origin(() => Response.json({ status: null }));
    const caller = await world();
    expect(await decide(caller, asks("1", "write", admin, { status: "archived" }))).toBe("false no_rule_allows");
  });

  it("tells what it is asked for, and whoever asks the rest", async () => {
    network.origin(() => Response.json({ status: "active", org: "acme" }));
    const caller = await world({ records: { ...SOURCE, attributes: ["org"] } });
    expect(await decide(caller, asks("1", "write", admin, { status: "archived" }))).toBe("true");
  });

  it("is asked nothing where a setting names none, and then whoever asks is believed", async () => {
    knowing();
    const config = configOf({ records: SOURCE }, { metadata: [] });
    const used = { id: { path: "id" }, metadata: "records" };
    const route = {
      path: "/records/:id",
      methods: ["GET" as const],
      origin: "main",
      action: "record:write",
      resource: used,
    };
    const caller = await authzenWorld({ ...config, routes: [...config.routes, route] });
    expect(await decide(caller, asks("1", "write", admin, { status: "archived" }))).toBe("true");
    expect(network.originCalls).toEqual([]);
  });

  it("settles whose it is: a caller of one tenant reaches no other's by saying that it is its own", async () => {
    knowing();
    const callersOf = (callers: Callers) => configOf({ records: SOURCE }, { callers });
    const { answer: ask } = await settledCaller(callersOf, { tenants: ["acme"] });
    const denied = { decision: false, context: { reason: "out_of_reach" } };
    expect(await ask("evaluation", asks("1", "read", owner))).toEqual({ decision: true });
    expect(await ask("evaluation", asks("2", "read", owner, { org: "acme" }))).toEqual(denied);
    expect(await ask("evaluation", asks("9", "read", owner, { org: "acme" }))).toEqual(denied);
    const searches = { subject: { type: "user", id: owner }, action: { name: "read" }, resource: { type: "record" } };
    expect(await ask("search/resource", searches)).toMatchObject({ results: [{ id: "1" }, { id: "3" }] });
    const people = { ...asks("2", "read", owner, { org: "acme" }), subject: { type: "user" } };
    expect(await ask("search/subject", people)).toMatchObject({ results: [] });
    const actions = { ...asks("2", "read", owner, { org: "acme" }), action: undefined };
    expect(await ask("search/action", actions)).toMatchObject({ results: [] });
  });

  it("is asked once for what several ask, by the id as one segment, with nothing of who asks", async () => {
    knowing();
    const caller = await world();
    const evaluations = ["1", "1", "2", "a/1?x#y"].map((id) => asks(id, "read", owner));
    const answered = (await caller.answer("evaluations", { evaluations })) as { evaluations: { decision: boolean }[] };
    expect(answered.evaluations.map(({ decision }) => decision)).toEqual([true, true, true, false]);
    expect(network.originCalls.map(({ url }) => url.slice(ORIGIN_URL.length)).sort()).toEqual([
      "/internal/records/1",
      "/internal/records/2",
      "/internal/records/a%2F1%3Fx%23y",
    ]);
    for (const { headers } of network.originCalls) {
      expect([headers.get("x-api-key"), headers.get("authorization"), headers.get("cookie")]).toEqual([
        null,
        null,
        null,
      ]);
    }
    await caller.answer("evaluation", asks("1", "write", owner));
    expect(network.originCalls, "what it said is remembered").toHaveLength(3);
  });

  it.each([
    ["..", []],
    ["a/../1", []],
    ["../2", []],
    [".", []],
    [" 1", []],
    ["%2e%2e/", ["/internal/records/%252e%252e%2F"]],
  ])("is not led elsewhere by the id %j", async (id, asked) => {
    network.origin(() => Response.json({ status: "archived" }));
    const caller = await world();
    await caller.answer("evaluation", asks(id, "write", admin));
    expect(network.originCalls.map(({ url }) => url.slice(ORIGIN_URL.length))).toEqual(asked);
  });

  it("is asked where a rule may need its word, and not where rules ask for relations alone", async () => {
    knowing();
    const rule = (name: string, when: string) => ({ id: name, effect: "allow" as const, when, on: [`record:${name}`] });
    const whens = {
      by_relation: 'can(principal, "viewer", resource) || can(principal,"owner",resource)',
      by_attribute: 'can(principal, "viewer", resource) && resource.status == "active"',
      by_has: "has(resource.status)",
      by_detour: '[resource].exists(r, r.status == "active")',
      by_nothing: "true",
    };
    const actions = Object.fromEntries(Object.keys(whens).map((name) => [name, {}]));
    const policy = {
      ...RECORDS,
      resources: { record: { attributes: { status: "string" as const }, actions } },
      rules: Object.entries(whens).map(([name, when]) => rule(name, when)),
      metadata: { records: SOURCE },
    };
    const config = authzenConfig(policy);
    const outboundOrigins = [...(config.gateway.outboundOrigins ?? []), ORIGIN_URL];
    for (const [name, count] of [
      ["by_relation", 0],
      ["by_nothing", 0],
      ["by_attribute", 1],
      ["by_has", 1],
      ["by_detour", 1],
    ] as const) {
      network.calls.length = 0;
      const caller = await authzenWorld({ ...config, gateway: { ...config.gateway, outboundOrigins } });
      expect(await decide(caller, asks("1", name, owner)), name).toBe("true");
      expect(network.originCalls, name).toHaveLength(count);
    }
  });

  it("that fails in the middle of many leaves all without an answer, and of a search too; denied is denied without it", async () => {
    knowing((id) => (id === "3" ? new Response("their words", { status: 500 }) : undefined));
    const caller = await world();
    const evaluations = ["1", "3", "2"].map((id) => asks(id, "read", owner));
    const searches = { subject: { type: "user", id: owner }, action: { name: "read" }, resource: { type: "record" } };
    for (const [path, body] of [
      ["evaluations", { evaluations }],
      ["evaluations", { evaluations, options: { evaluations_semantic: "deny_on_first_deny" } }],
      ["search/resource", searches],
    ] as const) {
      const response = await caller.ask(path, body);
      expect([response.status, (await problemOf(response)).code], path).toEqual([503, "temporarily_unavailable"]);
    }
    expect(logs.events("access_evaluated")).toEqual([]);
    expect(JSON.stringify(logs.events("resource_metadata_failed"))).not.toContain("their words");
    const first = { evaluations, options: { evaluations_semantic: "permit_on_first_permit" } };
    expect(await caller.answer("evaluations", first)).toEqual({ evaluations: [{ decision: true }] });
    expect(await decide(caller, asks("3", "fly", owner))).toBe("false action_unknown");
  });

  it("lets searches for resources know what they are like (certification scenario, S4 to S6)", async () => {
    knowing();
    const caller = await world();
    const resources = { subject: { type: "user", id: admin }, action: { name: "write" }, resource: { type: "record" } };
    expect(await caller.answer("search/resource", resources)).toMatchObject({ results: [{ id: "2" }, { id: "3" }] });
    const people = { ...asks("2", "write", owner), subject: { type: "user" } };
    expect(await caller.answer("search/subject", people)).toMatchObject({ results: [{ id: admin }] });
    const actions = { subject: { type: "user", id: admin }, resource: { type: "record", id: "2" } };
    expect(await caller.answer("search/action", actions)).toMatchObject({
      results: [{ name: "read" }, { name: "write" }],
    });
  });
});
