import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { D1Relations } from "../../src/adapters/d1/relations.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { actionConfig } from "../support/action_config.ts";
import { bearer, type ForgeKey, newKey, ringKey, token } from "../support/forge.ts";
import { PARTNER_JWKS_URL, PARTNER_URL } from "../support/gateway_config.ts";
import { install } from "../support/install.ts";
import { backstage, migrate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { tuple } from "../support/relation_graph.ts";

/*
 * Two stories that any such system has to tell, from the token to the origin: a manager approves orders of her own department in business hours, and
 * documents are read by their owner, by who was given them, by who has the folder, and by who is in the group.
 */
const logs = captureLogs();
const network = stubNetwork();
/** A Tuesday, 10:30 in Berlin. */
const TUESDAY = Date.parse("2026-11-24T09:30:00Z");
let ring: ForgeKey;

beforeAll(async () => {
  await migrate();
  ring = await ringKey();
});
beforeEach(() => {
  vi.setSystemTime(TUESDAY);
  network.origin(({ url }) => {
    const [, id] = /\/internal\/orders\/(\w+)$/.exec(url) ?? [];
    if (id === undefined) return Response.json({ from: "origin" });
    return id === "none" ? new Response(null, { status: 404 }) : Response.json({ department: "sales", secret: "x" });
  });
});
afterEach(() => {
  vi.useRealTimers();
});

const world = (config: ConfigInput = actionConfig()) => install({ config });
const person = (id: string, more: Record<string, unknown> = {}) => token(ring, { sub: id, client_id: "web", ...more });

describe("a manager approves orders of her own department in business hours", () => {
  const MANAGER = { roles: ["manager"], attributes: { department: "sales" } };
  const approve = async (who: Record<string, unknown>, id = "1", gate = world()) => {
    const response = await gate.fetch(`/orders/${id}/approve`, {
      method: "POST",
      headers: bearer(await person("usr_1", who)),
    });
    return response.status;
  };

  it.each<[string, Record<string, unknown>, string, number]>([
    ["she does", MANAGER, "2026-11-24T09:30:00Z", 200],
    ["nine is in time, by the clock of the place", MANAGER, "2026-11-24T08:00:00Z", 200],
    ["in summer nine is an hour earlier", MANAGER, "2026-07-14T07:00:00Z", 200],
    ["a clerk does not", { ...MANAGER, roles: ["clerk"] }, "2026-11-24T09:30:00Z", 403],
    ["of another department", { ...MANAGER, attributes: { department: "law" } }, "2026-11-24T09:30:00Z", 403],
    ["of no department: the rule fails", { roles: ["manager"] }, "2026-11-24T09:30:00Z", 403],
    ["a minute before nine", MANAGER, "2026-11-24T07:59:59Z", 403],
    ["at five", MANAGER, "2026-11-24T16:00:00Z", 403],
    ["on a Sunday", MANAGER, "2026-11-22T09:30:00Z", 403],
  ])("%s", async (_, who, at, status) => {
    vi.setSystemTime(Date.parse(at));
    expect(await approve(who)).toBe(status);
    const reached = network.originCalls.filter(({ url }) => url.endsWith("/approve"));
    expect(reached).toHaveLength(status === 200 ? 1 : 0);
  });

  it("an order that is not there is one that is not hers", async () => {
    expect(await approve(MANAGER, "none")).toBe(403);
    expect(logs.lastDecision).toMatchObject({ reason: "resource_absent" });
  });

  it("the origin is asked once while its answer counts, as the gate, never as the caller", async () => {
    const gate = world();
    for (let at = 0; at < 3; at++) expect(await approve(MANAGER, "1", gate)).toBe(200);
    const asked = network.originCalls.filter(({ url }) => url.includes("/internal/"));
    expect(asked).toHaveLength(1);
    expect(asked[0]?.headers.get("authorization")).toBeNull();
    expect(asked[0]?.headers.get("sallyport-identity")).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    vi.setSystemTime(TUESDAY + 30_000);
    await approve(MANAGER, "1", gate);
    expect(network.originCalls.filter(({ url }) => url.includes("/internal/"))).toHaveLength(2);
  });
});

describe("documents, by relation", () => {
  const store = new D1Relations(backstage.db);
  const TUPLES = [
    "document:plan#owner@user:usr_owner",
    "document:plan#viewer@user:usr_given",
    "document:plan#parent@folder:q4",
    "folder:q4#parent@folder:work",
    "folder:work#viewer@user:usr_folder",
    "folder:work#viewer@group:eng#member",
    "group:eng#member@group:platform#member",
    "group:platform#member@user:usr_group",
  ];

  beforeAll(async () => {
    await store.change({ writes: TUPLES.map(tuple), deletes: [], preconditions: [], nowMs: TUESDAY });
  });

  const read = async (id: string, gate = world()) =>
    (await gate.fetch("/documents/plan", { headers: bearer(await person(id)) })).status;
  const write = async (id: string) => {
    const headers = { ...bearer(await person(id)), "content-type": "application/json" };
    return (await world().fetch("/documents/plan", { method: "PUT", headers, body: '{"id":"plan"}' })).status;
  };

  it.each([
    ["the owner", "usr_owner", 200, 200],
    ["who was given it", "usr_given", 200, 403],
    ["who has a folder above", "usr_folder", 200, 403],
    ["who is in a group within a group that has the folder", "usr_group", 200, 403],
    ["anybody else", "usr_else", 403, 403],
  ])("%s", async (_, id, reads, writes) => {
    expect(await read(id)).toBe(reads);
    expect(await write(id)).toBe(writes);
  });

  it("somebody of another issuer is not somebody of ours who is called alike", async () => {
    const partner = await newKey();
    network.serve(PARTNER_JWKS_URL, () => Response.json({ keys: [partner.jwk] }));
    const foreign = await token(partner, { iss: PARTNER_URL, sub: "usr_owner", client_id: "web" });
    expect((await world().fetch("/documents/plan", { headers: bearer(foreign) })).status).toBe(403);
    expect(logs.lastDecision).toMatchObject({ reason: "no_rule_allows", principal_id: "usr_owner" });
  });

  it("who may read is asked once, and then known", async () => {
    const gate = world();
    expect(await read("usr_group", gate)).toBe(200);
    expect(await read("usr_group", gate)).toBe(200);
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", rules: ["viewer-reads"] });
  });
});
