// Long because each way in which the deployments could differ is tried on the same copy of the project, started once.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";
import { ensureSecrets } from "../../scripts/dev/secrets.ts";
import { DEMO_AUDIENCE, type RunningOrigin, startOrigin } from "../../scripts/origin.ts";
import type { Credentials } from "../../scripts/seed/credentials.ts";
import { leftOver, startCommand } from "./command.ts";
import { type DryRun, dryRun } from "./dry_run.ts";
import { freePorts } from "./free_port.ts";
import { type FreshCopy, freshCopy } from "./fresh_copy.ts";
import { policyAnswers } from "./policy_answers.ts";
import { heard, msUntil, until } from "./until.ts";
import { type PairPorts, startOne, startPair, type WorkerPair } from "./worker_pair.ts";

const VARIABLES = {
  'ISSUER_URL ("http://localhost:8787")': "Environment Variable",
  'GATEWAY_URL ("http://localhost:8787")': "Environment Variable",
  'DEMO_ORIGIN_URL ("http://127.0.0.1:8788")': "Environment Variable",
} as const;
const KEYS_COPY = { "API_KEYS (00000000000000000000000000000000)": "KV Namespace" } as const;
const KEY_SETS = { "KEY_SETS (00000000000000000000000000000001)": "KV Namespace" } as const;
const AUDIT = { "AUDIT (sallyport-audit)": "Queue" } as const;
const ISSUER_STATE = {
  "DB (sallyport)": "D1 Database",
  "SIGNING_KEYS (SigningKeyRing)": "Durable Object",
  "EDGE_FEED (EdgeFeed)": "Durable Object",
  "GUESSES (Guesses)": "Durable Object",
  "OUTBOX (OutboxCourier)": "Durable Object",
  "MAILS (MailCourier)": "Durable Object",
  "SWEEPER (Sweeper)": "Durable Object",
  "ACCOUNTS (Account)": "Durable Object",
  "TRANSACTIONS (AuthorizationTransaction)": "Durable Object",
  "DEVICES (DeviceAuthorization)": "Durable Object",
  "CREDITS (KeyCredits)": "Durable Object",
} as const;
const AUTHORIZER_STATE = {
  "IDENTITY_KEYS (IdentityKeyRing)": "Durable Object",
  "LIMITER (Limiter)": "Durable Object",
  "SIGNALS (Signals)": "Durable Object",
} as const;

/** Each deployment's bindings: all of them and no other. A dry run ends well even when one is missing. */
const EXPECTED = {
  "wrangler.toml": { ...VARIABLES, ...KEYS_COPY, ...KEY_SETS, ...AUDIT, ...ISSUER_STATE, ...AUTHORIZER_STATE },
  "wrangler.issuer.toml": { ...VARIABLES, ...KEYS_COPY, ...AUDIT, ...ISSUER_STATE },
  "wrangler.authorizer.toml": {
    ...VARIABLES,
    ...KEYS_COPY,
    ...KEY_SETS,
    ...AUDIT,
    ...AUTHORIZER_STATE,
    "CREDITS (KeyCredits, defined in sallyport-issuer)": "Durable Object",
    "ISSUER (sallyport-issuer#IssuerReader)": "Worker",
    "KEY_USES (sallyport-issuer#KeyUses)": "Worker",
    "UNLISTED_CALLS (sallyport-issuer#UnlistedCalls)": "Worker",
    "SHADOW (sallyport-issuer#Shadow)": "Worker",
  },
} as const;

type Config = keyof typeof EXPECTED;
/** The bound of the edge feed, with a round trip to it. */
const BOUND_MS = 3_000 + 250;
const CONFIGS = Object.keys(EXPECTED) as Config[];

let copy: FreshCopy;

beforeAll(() => {
  copy = freshCopy();
});

afterAll(() => copy.remove());

describe("three deployments", () => {
  const built = new Map<string, DryRun>();
  const build = (config: Config): DryRun => {
    const run = built.get(config);
    if (run === undefined) throw new Error(`${config} was not built`);
    return run;
  };

  beforeAll(async () => {
    for (const config of CONFIGS) built.set(config, await dryRun(copy.root, config));
  });

  test.each(CONFIGS)("%s binds what it needs and nothing else", (config) => {
    expect(build(config).bindings).toEqual(EXPECTED[config]);
  });

  test("they agree on the compatibility date, and every object has its migration", () => {
    const configs = CONFIGS.map((config) => unstable_readConfig({ config: join(copy.root, config) }));
    expect(new Set(configs.map((config) => config.compatibility_date)).size).toBe(1);
    for (const { durable_objects, migrations } of configs) {
      const own = durable_objects.bindings.filter(({ script_name }: { script_name?: string }) => !script_name);
      const bound = own.map(({ class_name }: { class_name: string }) => class_name).sort();
      const made = migrations
        .flatMap((step: { new_sqlite_classes?: string[] }) => step.new_sqlite_classes ?? [])
        .sort();
      expect(made).toEqual(bound);
    }
  });
});

/** Where both shapes listen, one after the other. */
let ports: PairPorts;
let credentials: Credentials;
/** What the pair answers where the policy decides. */
let answersOfPair: Readonly<Record<string, unknown>>;

async function end(running: WorkerPair): Promise<void> {
  const tree = running.process.tree();
  running.process.signalGroup("SIGTERM");
  await running.process.ended();
  expect(await leftOver(tree)).toEqual([]);
}

describe("issuer and authorizer as two Workers", () => {
  let pair: WorkerPair;
  let origin: RunningOrigin;

  beforeAll(async () => {
    const [worker = 0, inspector = 0] = await freePorts(2);
    const gatewayUrl = `http://localhost:${worker}`;
    origin = await startOrigin({ port: 0, gatewayUrl, identityAudience: DEMO_AUDIENCE });
    ensureSecrets(copy.root);
    const seed = startCommand(process.execPath, [join(copy.root, "scripts", "seed.ts")], copy.root, {
      SALLYPORT_PORT: String(worker),
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      WRANGLER_SEND_METRICS: "false",
    });
    if ((await seed.ended()) !== 0) throw new Error(seed.output());
    credentials = JSON.parse(readFileSync(join(copy.root, ".dev", "credentials.json"), "utf8"));
    ports = { worker, origin: origin.port, inspector };
    pair = await startPair(copy.root, ports);
  });

  afterAll(async () => {
    await end(pair);
    await origin.close();
  });

  const basic = ({ client_id, client_secret }: Credentials["admin"] = credentials.machine) => {
    return { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` };
  };

  async function token(scope = "orders:read", client?: Credentials["admin"]): Promise<string> {
    const target = scope === "admin" ? { resource: credentials.issuer } : undefined;
    const body = new URLSearchParams({ grant_type: "client_credentials", scope, ...target });
    const answer = await pair.call("issuer", "/oauth2/token", { method: "POST", body, headers: basic(client) });
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  const withToken = (bearer: string) => ({ headers: { authorization: `Bearer ${bearer}` } });

  test("a token of the issuer opens the gate, and the origin sees whose it is", async () => {
    const answer = await pair.call("gateway", "/whoami", withToken(await token()));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ identity: { sub: credentials.machine.client_id } });
  });

  test("an API key opens the gate", async () => {
    const headers = { "x-api-key": credentials.api_keys.live };
    expect((await pair.call("gateway", "/orders", { headers })).status).toBe(200);
  });

  test("a key's credits are counted at the issuer and spent at the gate, which tells when the key was used", async () => {
    const operator = { authorization: `Bearer ${await token("admin", credentials.admin)}` };
    const asked = { name: "paid", environment: "live", scopes: ["orders:read"], credits: { amount: 2, refill: null } };
    const made = await pair.call("issuer", "/admin/v1/keys", {
      method: "POST",
      headers: { ...operator, "content-type": "application/json" },
      body: JSON.stringify(asked),
    });
    const { id, key } = (await made.json()) as { id: string; key: string };
    const told = async (path: string): Promise<unknown> =>
      (await pair.call("issuer", `/admin/v1/keys/${id}${path}`, { headers: operator })).json();
    const use = async () => (await pair.call("gateway", "/orders", { headers: { "x-api-key": key } })).status;
    // The gate hears of a new key by the feed.
    const madeMs = Date.now();
    await msUntil(200, use);
    expect([await use(), await use()]).toEqual([200, 429]);
    expect(await told("/credits")).toEqual({ left: 0, next_refill_at: null });
    await until(async () => lastUse(await told("")) !== null);
    expect(Date.parse(String(lastUse(await told(""))))).toBeGreaterThan(madeMs - 60_000);
  });

  test("a decision at the gate is in the issuer's audit trail, by way of the queue", async () => {
    const operator = { authorization: `Bearer ${await token("admin", credentials.admin)}` };
    const ordered = await pair.call("gateway", "/orders", {
      method: "POST",
      headers: { authorization: `Bearer ${await token("orders:write")}`, "content-type": "application/json" },
      body: JSON.stringify({ item: "lamp", quantity: 1 }),
    });
    const found = async () => {
      const path = `/admin/v1/audit?request_id=${ordered.headers.get("x-request-id")}`;
      return ((await (await pair.call("issuer", path, { headers: operator })).json()) as { data: unknown[] }).data;
    };
    await until(async () => (await found()).length > 0);
    const events = await found();
    const actor = { kind: "client", id: credentials.machine.client_id };
    expect(events).toMatchObject([{ kind: "decision", route: "POST /orders", status: ordered.status, actor }]);
  });

  test("others ask at the gate what somebody may do: the issuer tells who has roles and relations, the origin what there is", async () => {
    const headers = { authorization: `Bearer ${await token("authz:evaluate")}`, "content-type": "application/json" };
    const ask = async (path: string, body: object) => {
      const answer = await pair.call("gateway", `/access/v1/${path}`, {
        method: "POST",
        headers,
        body: JSON.stringify({ subject: { type: "user" }, ...body }),
      });
      expect(answer.status, await answer.clone().text()).toBe(200);
      return answer.json();
    };
    const document = { type: "document", id: "doc_1" };
    const owners = (await ask("search/subject", { action: { name: "update" }, resource: document })) as {
      results: readonly { readonly type: string; readonly id: string }[];
    };
    expect(owners.results).toHaveLength(1);
    const [subject] = owners.results;
    expect(await ask("evaluation", { subject, action: { name: "read" }, resource: document })).toEqual({
      decision: true,
    });
    const order = { action: { name: "approve" }, resource: { type: "order", id: "ord_none" } };
    expect(await ask("evaluation", { subject, ...order })).toEqual({
      decision: false,
      context: { reason: "resource_absent" },
    });
    expect(await ask("search/subject", order)).toMatchObject({ results: [] });
  });

  test("relations, roles, objects and fields decide at the gate as the issuer knows them", async () => {
    answersOfPair = await policyAnswers(pair.call, credentials);
    expect(answersOfPair).toMatchObject({
      "ada reads doc_1": "200",
      "ada reads doc_2": "200",
      "ada reads doc_9": "404 not_found",
      "ada reads doc_1 as of no change": "400 consistency_unreached",
      "ada writes text of doc_1": "200",
      "ada writes text and reviewed of doc_1": "403 field_not_writable",
      "grace reads doc_1": "200",
      "grace reads doc_2": "404 not_found",
      "grace writes text of doc_1": "403 forbidden",
      "machine reads doc_1": "404 not_found",
      "nobody reads doc_1": "401 unauthenticated",
      actions: [200, { results: [{ name: "read" }, { name: "update" }] }],
    });
  });

  test("a call that no route lists is told to the issuer, whose inventory shows it", async () => {
    const operator = { authorization: `Bearer ${await token("admin", credentials.admin)}` };
    expect((await pair.call("gateway", "/internal/export/17")).status).toBe(404);
    const told = async (): Promise<unknown> =>
      (await pair.call("issuer", "/admin/v1/routes", { headers: operator })).json();
    const row = { kind: "path", method: "GET", path: "/internal/export/:", calls: 1 };
    const shown = { unlisted: expect.arrayContaining([expect.objectContaining(row)]) };
    await expect.poll(told, { timeout: 60_000 }).toMatchObject(shown);
  });

  test("neither half answers for the other", async () => {
    const body = new URLSearchParams({ grant_type: "client_credentials" });
    const minted = await pair.call("gateway", "/oauth2/token", { method: "POST", body, headers: basic() });
    expect(minted.status).toBeGreaterThanOrEqual(400);
    const served = await pair.call("issuer", "/orders", withToken(await token()));
    expect(served.status).toBeGreaterThanOrEqual(400);
  });

  test("wrangler shows the state of neither on their port", async () => {
    for (const door of ["issuer", "gateway"] as const) {
      const unknown = await pair.call(door, "/cdn-cgi/nothing");
      const explorer = await pair.call(door, "/cdn-cgi/explorer/api/d1/database");
      expect([404, 421]).toContain(explorer.status);
      expect(explorer.status).toBe(unknown.status);
      expect(explorer.headers.get("content-type")).toBe("application/problem+json");
    }
    expect(existsSync(join(copy.root, ".wrangler", "state", "v3", "observability"))).toBe(false);
  });

  test("what is published at the issuer, the gate runs, and takes back", async () => {
    const headers = {
      authorization: `Bearer ${await token("admin", credentials.admin)}`,
      "content-type": "application/json",
    };
    const administer = async (path: string, body?: object) => {
      const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
      const answer = await pair.call("issuer", `/admin/v1/config${path}`, { headers, ...sent });
      expect(answer.status, await answer.clone().text()).toBe(200);
      return answer.json();
    };
    const knock = async () => (await pair.call("gateway", "/public/health")).status;
    await msUntil(200, knock);
    const { config } = (await administer("/snapshots/bundled")) as { config: { routes: Record<string, unknown>[] } };
    for (const route of config.routes) if (route.path === "/public/health") route.public = false;
    await administer("", { config, parent: 0 });
    await msUntil(401, knock);
    await administer("/rollback", { to: "bundled" });
    await msUntil(200, knock);
  });

  test("what the issuer revokes, the gate refuses within the feed's bound", async () => {
    const bearer = await token();
    const knock = async () => (await pair.call("gateway", "/orders", withToken(bearer))).status;
    expect(await heard(knock)).toBe(200);
    const body = new URLSearchParams({ token: bearer });
    const revoked = await pair.call("issuer", "/oauth2/revoke", { method: "POST", body, headers: basic() });
    expect(revoked.status).toBe(200);
    expect(await msUntil(401, knock)).toBeLessThanOrEqual(BOUND_MS);
  });
});

describe("issuer and authorizer as one Worker", () => {
  let one: WorkerPair;
  let origin: RunningOrigin;

  beforeAll(async () => {
    const gatewayUrl = `http://localhost:${ports.worker}`;
    origin = await startOrigin({ port: ports.origin, gatewayUrl, identityAudience: DEMO_AUDIENCE });
    one = await startOne(copy.root, ports);
  });

  afterAll(async () => {
    await end(one);
    await origin.close();
  });

  test("relations, roles, objects, fields and AuthZEN decide as they do in the pair", async () => {
    expect(await policyAnswers(one.call, credentials)).toEqual(answersOfPair);
  });
});

function lastUse(key: unknown): unknown {
  return (key as { last_used_at: string | null }).last_used_at;
}
