// Long because every reason of a denial is a row of one table.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { Outage } from "../../src/kernel/outage.ts";
import type { IssuerReader } from "../../src/ports/issuer_reader.ts";
import { fieldConfig } from "../support/field_config.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig, ORIGIN_URL } from "../support/gateway_config.ts";
import type { InstallationWishes } from "../support/install.ts";
import { migrate } from "../support/issuer_world.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { installForProxies, RAW_SHAPES, type ShapeName } from "../support/shapes.ts";

/* Every way in which rules, and what they are made of, deny: operators find why by the id that the caller was given, and the caller learns neither rule nor attribute. */
const PDP = "https://pdp.example";
const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  await migrate();
  ring = await ringKey();
});
beforeEach(() => {
  network.origin(({ url }) => {
    if (url.endsWith("/internal/absent")) return new Response(null, { status: 404 });
    if (url.endsWith("/internal/broken")) return new Response(null, { status: 500 });
    return Response.json(url.includes("/internal/") ? { clearance: "topsecret" } : { from: "origin" });
  });
  network.serve(PDP, async (request) => {
    const { resource } = (await request.json()) as { resource: { id: string } };
    return resource.id === "broken" ? new Response(null, { status: 500 }) : Response.json({ decision: false });
  });
});

const ACTIONS = {
  sign: { permissions: ["deed:sign"] },
  burn: {},
  read: {},
  weigh: {},
  seal: {},
  share: {},
  file: {},
  audit: { external: "compliance" },
};

const POLICY: NonNullable<ConfigInput["policy"]> = {
  principal: { department: "string" },
  resources: { deed: { attributes: { clearance: "string", weight: "double" }, actions: ACTIONS } },
  relations: { deed: { keeper: "[user]" } },
  external: { compliance: { url: `${PDP}/evaluate` } },
  metadata: { archive: { type: "deed", url: `${ORIGIN_URL}/internal/{id}`, onUnavailable: "deny" } },
  rules: [
    { id: "rule-burns", effect: "allow", on: ["deed:burn"], when: "true" },
    { id: "rule-no-fire", effect: "deny", on: ["deed:burn"], when: 'principal.department == "archive"' },
    { id: "rule-reads", effect: "allow", on: ["deed:read"], when: 'resource.clearance == "open"' },
    { id: "rule-weighs", effect: "allow", on: ["deed:weigh"], when: "resource.weight < 3.0" },
    { id: "rule-seals", effect: "allow", on: ["deed:seal"], when: "true", stepUp: { maxAgeSeconds: 60 } },
    { id: "rule-shares", effect: "allow", on: ["deed:share"], when: 'can(principal, "keeper", resource)' },
    { id: "rule-files", effect: "allow", on: ["deed:file"], when: "true" },
    { id: "rule-audits", effect: "allow", on: ["deed:audit"], when: "true" },
  ],
};

function config(): ConfigInput {
  const base = gatewayConfig();
  const asked = ["read", "file"];
  const route = (action: string) => ({
    path: `/${action}/:id`,
    methods: ["GET" as const],
    origin: "main",
    action: `deed:${action}`,
    resource: { id: { path: "id" }, ...(asked.includes(action) && { metadata: "archive" }) },
  });
  const hidden = { ...route("burn"), path: "/hidden/:id" };
  return {
    ...base,
    gateway: { ...base.gateway, outboundOrigins: [...(base.gateway.outboundOrigins ?? []), ORIGIN_URL] },
    policy: POLICY,
    routes: [
      ...base.routes,
      ...Object.keys(ACTIONS).map(route),
      { ...hidden, resource: { ...hidden.resource, refusedAs: "not_found" } },
      { ...route("burn"), path: "/permitted/:id", permissions: ["deed:keep"] },
    ],
  };
}

interface Denial {
  readonly name: string;
  readonly path: string;
  readonly answer: `${number} ${string}`;
  readonly reason: string;
  readonly rules: readonly string[];
  /** What the line says beside that. */
  readonly says?: Readonly<Record<string, unknown>>;
  /** Another event under the same id, which says what failed. */
  readonly outage?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly byKey?: true;
  readonly reader?: Partial<IssuerReader>;
}

const down = () => Promise.reject(new Outage("relations"));
const told = (answer: boolean | "undecided") => async () => ({ revision: 1, findings: [{ answer, reads: null }] });
const UNAVAILABLE = "503 temporarily_unavailable";

const DENIALS: readonly Denial[] = [
  {
    name: "a permission of the action is missing",
    path: "/sign/1",
    answer: "403 permission_missing",
    reason: "permission_missing",
    rules: ["permissions"],
  },
  {
    name: "a permission of the route is missing",
    path: "/permitted/1",
    answer: "403 permission_missing",
    reason: "permission_missing",
    rules: ["permissions"],
  },
  { name: "a rule denies", path: "/burn/1", answer: "403 forbidden", reason: "rule_denied", rules: ["rule-no-fire"] },
  {
    name: "a rule denies, and that there is something is not told",
    path: "/hidden/1",
    answer: "404 not_found",
    reason: "rule_denied",
    rules: ["rule-no-fire"],
  },
  { name: "no rule allows", path: "/read/1", answer: "403 forbidden", reason: "no_rule_allows", rules: [] },
  {
    name: "a rule fails",
    path: "/weigh/1",
    answer: "403 forbidden",
    reason: "rule_failed",
    rules: ["rule-weighs"],
    says: { rule_failures: [expect.stringContaining("rule-weighs: ")] },
  },
  {
    name: "a rule wants another sign-in",
    path: "/seal/1",
    answer: "401 insufficient_user_authentication",
    reason: "step_up",
    rules: ["rule-seals"],
  },
  {
    name: "a rule wants a sign-in of what never signs in",
    path: "/seal/1",
    answer: "403 forbidden",
    reason: "step_up_impossible",
    rules: ["rule-seals"],
    byKey: true,
  },
  {
    name: "a relation does not hold",
    path: "/share/1",
    answer: "403 forbidden",
    reason: "no_rule_allows",
    rules: [],
    reader: { checkRelations: told(false) },
  },
  {
    name: "a relation cannot be decided",
    path: "/share/1",
    answer: "403 forbidden",
    reason: "rule_failed",
    rules: ["rule-shares"],
    says: { rule_failures: [expect.stringContaining("rule-shares: ")] },
    reader: { checkRelations: told("undecided") },
  },
  {
    name: "relations cannot be had",
    path: "/share/1",
    answer: UNAVAILABLE,
    reason: "outage",
    rules: ["any_principal"],
    outage: "relations",
    reader: { checkRelations: down },
  },
  {
    name: "what was to be known of relations is no token",
    path: "/share/1",
    answer: "400 consistency_malformed",
    reason: "consistency_malformed",
    rules: ["any_principal"],
    headers: { "sallyport-consistency": "yesterday" },
  },
  {
    name: "what was to be known of relations was never there",
    path: "/share/1",
    answer: "400 consistency_unreached",
    reason: "consistency_unreached",
    rules: ["any_principal"],
    headers: { "sallyport-consistency": "rev_zzzzzzzz" },
    reader: { checkRelations: told(true) },
  },
  {
    name: "it is told in two ways what the call is about",
    path: `/share/${"x".repeat(257)}`,
    answer: "400 resource_unclear",
    reason: "resource_malformed",
    rules: ["any_principal"],
  },
  {
    name: "the resource does not exist",
    path: "/file/absent",
    answer: "403 forbidden",
    reason: "resource_absent",
    rules: ["any_principal"],
  },
  {
    name: "the resource's origin cannot be asked",
    path: "/file/broken",
    answer: UNAVAILABLE,
    reason: "outage",
    rules: ["any_principal"],
    outage: "resource_metadata",
  },
  {
    name: "a decision point of others denies",
    path: "/audit/1",
    answer: "403 forbidden",
    reason: "external_denied",
    rules: ["rule-audits"],
  },
  {
    name: "a decision point of others cannot be asked",
    path: "/audit/broken",
    answer: UNAVAILABLE,
    reason: "outage",
    rules: ["rule-audits"],
    outage: "external_pdp",
  },
  {
    name: "the book of roles cannot be had",
    path: "/sign/1",
    answer: UNAVAILABLE,
    reason: "role_book_unavailable",
    rules: ["any_principal"],
    reader: { roleBook: down },
  },
];

/** Names and values of rules, attributes, relations and others that have a say. */
const NEVER_TOLD = ["rule-", "clearance", "topsecret", "weight", "department", "archive", "keeper", "compliance", PDP];

async function deny(denial: Denial, shape: ShapeName) {
  const { path, byKey, headers = {}, reader } = denial;
  const wishes: InstallationWishes = {
    config: config(),
    ...(reader && { reader: (real) => ({ ...real, ...reader }) }),
  };
  const gate = installForProxies(wishes);
  const claims = { sub: "usr_alice", client_id: "web", attributes: { department: "archive" } };
  const { key } = await storedKey();
  const credential = byKey ? { "x-api-key": key } : bearer(await token(ring, claims));
  return RAW_SHAPES[shape](gate, { path, headers: { ...credential, ...headers } }, network);
}

describe.each(Object.keys(RAW_SHAPES) as ShapeName[])("denied at the shape %s", (shape) => {
  it.each(DENIALS)(
    "$name: the log has $reason with its rules, under the id that the caller was given",
    async (denial) => {
      const { response, passed } = await deny(denial, shape);
      const body = await response.text();
      const { code, request_id: requestId } = JSON.parse(body) as { code: string; request_id: string };
      expect([passed, `${response.status} ${code}`]).toEqual([false, denial.answer]);
      expect(requestId).toBe(response.headers.get("x-request-id"));
      const { reason, rules, says, outage } = denial;
      const line = { request_id: requestId, shape, outcome: "denied", status: response.status, reason, rules, ...says };
      expect(logs.events("decision")).toEqual([expect.objectContaining({ ...line, principal_id: expect.any(String) })]);
      const failed =
        outage === undefined ? [] : [expect.objectContaining({ request_id: requestId, dependency: outage })];
      expect(logs.events("outage")).toEqual(failed);
      const heard = `${body} ${JSON.stringify([...response.headers])}`;
      expect(NEVER_TOLD.filter((word) => heard.includes(word))).toEqual([]);
    },
  );
});

describe("a field that is not the caller's to write", () => {
  const BODY = JSON.stringify({ name: "A", salary: 1 });
  const CALL = { path: "/people", method: "POST" };
  const credential = async () => ({ ...bearer(await token(ring)), "content-type": "application/json" });

  it("inline: the log has its place under the id that the caller was given, who is not told who may", async () => {
    const gate = installForProxies({ config: fieldConfig() });
    const response = await gate.fetch(CALL.path, { method: CALL.method, body: BODY, headers: await credential() });
    const body = await response.text();
    const { code, request_id: requestId } = JSON.parse(body) as { code: string; request_id: string };
    expect(`${response.status} ${code}`).toBe("403 field_not_writable");
    expect(logs.events("request_misfit")).toEqual([
      expect.objectContaining({ request_id: requestId, faults: ["body /salary x-sallyport-writable-by"] }),
    ]);
    expect(logs.lastDecision).toMatchObject({ request_id: requestId, status: 403, reason: "field_not_writable" });
    expect(["set_salary", "role:hr", "x-sallyport"].filter((word) => body.includes(word))).toEqual([]);
    expect(network.originCalls).toEqual([]);
  });

  it.each(["forward_auth", "rpc", "middleware"] as const)("the shape %s sees no bodies, and says so", async (shape) => {
    const gate = installForProxies({ config: fieldConfig() });
    const headers = { ...(await credential()), "content-length": String(BODY.length) };
    const { response, passed } = await RAW_SHAPES[shape](gate, { ...CALL, headers }, network);
    const { code, request_id: requestId } = await response.json<{ code: string; request_id: string }>();
    expect([passed, `${response.status} ${code}`]).toEqual([false, "403 bodies_not_seen"]);
    const line = { request_id: requestId, shape, outcome: "denied", status: 403, reason: "bodies_not_seen" };
    expect(logs.events("decision")).toEqual([expect.objectContaining(line)]);
  });
});
