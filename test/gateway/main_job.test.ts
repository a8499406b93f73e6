import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { D1ApiKeys } from "../../src/adapters/d1/api_keys.ts";
import { D1Clients } from "../../src/adapters/d1/clients.ts";
import { D1Users } from "../../src/adapters/d1/users.ts";
import { remoteCourier, remoteKeyRing } from "../../src/adapters/remote/remote.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { composeIssuer, composeReader } from "../../src/compose/control.ts";
import { composeRevocations } from "../../src/compose.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { changeApiKey, deleteApiKey } from "../../src/managing/change_api_key.ts";
import { changeClient } from "../../src/managing/change_client.ts";
import { createApiKey } from "../../src/managing/create_api_key.ts";
import { createClient } from "../../src/managing/create_client.ts";
import type {} from "../support/admin_world.ts";
import { bearer } from "../support/forge.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { compiled, type Installation, install } from "../support/install.ts";
import { UNBOUND } from "../support/keys.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const logs = captureLogs();
const network = stubNetwork();
const bindings = readBindings(env);
const db = need(bindings, "DB");

beforeAll(() => applyD1Migrations(db, env.D1_MIGRATIONS));

afterEach(() => {
  vi.useRealTimers();
});

/** What an operator works with, beside the gates under test. */
function management() {
  const config = compiled(gatewayConfig());
  const revocations = composeRevocations(composeReader(bindings));
  return {
    catalog: composeIssuer(bindings, config, revocations).issuer.catalog,
    attributes: {},
    clients: new D1Clients(db),
    keys: new D1ApiKeys(db),
    people: { users: new D1Users(db) },
    credits: { forget: async () => undefined },
    courier: remoteCourier(() => need(bindings, "OUTBOX").getByName("one")),
    ring: remoteKeyRing("signing_keys", () => need(bindings, "SIGNING_KEYS").getByName("one")),
    revocations,
    random: platformRandom,
  };
}

async function newClient() {
  const draft = {
    name: "machine",
    grantTypes: ["client_credentials"],
    authMethods: ["client_secret_basic"],
    scopes: ["orders:read"],
    defaultScopes: null,
    roles: [],
  } as const;
  const created = await createClient(draft, management(), Date.now());
  if (!created.ok || created.value.secret === null) throw new Error("no client");
  const { client, secret: made } = created.value;
  const basic = btoa(`${client.id}:${secret(made.text)}`);
  return { id: client.id, authorization: `Basic ${secret(basic)}` };
}

async function issue(gate: Installation, authorization: string): Promise<string> {
  const body = new URLSearchParams({ grant_type: "client_credentials" });
  const response = await gate.fetch("https://issuer.test/oauth2/token", {
    method: "POST",
    body,
    headers: { authorization },
  });
  expect(response.status).toBe(200);
  const { access_token: token } = await response.json<{ access_token: string }>();
  return secret(token);
}

async function status(gate: Installation, headers: Record<string, string>): Promise<number> {
  return (await gate.fetch("/orders", { headers })).status;
}

describe("the main job: a token, a gate, an origin", () => {
  it("RFC 7009: a token that the issuer minted opens the gate, and no gate once it is revoked, within 3 s", async () => {
    const warm = install();
    const issuer = install();
    const { authorization, id } = await newClient();
    const token = await issue(issuer, authorization);
    const other = await issue(issuer, authorization);
    expect(await status(warm, bearer(token))).toBe(200);
    expect(logs.lastDecision).toMatchObject({ principal: "client", principal_id: id });
    expect(network.originCalls[0]?.headers.get("sallyport-identity")).toMatch(/^ey/);
    const body = new URLSearchParams({ token });
    const revoked = await issuer.fetch("https://issuer.test/oauth2/revoke", {
      method: "POST",
      body,
      headers: { authorization },
    });
    expect(revoked.status).toBe(200);
    expect(await status(issuer, bearer(token)), "the isolate that wrote it").toBe(401);
    expect(await status(install(), bearer(token)), "a cold isolate").toBe(401);
    vi.setSystemTime(Date.now() + 3_001);
    expect(await status(warm, bearer(token)), "a warm isolate").toBe(401);
    expect(await status(warm, bearer(other))).toBe(200);
  });

  it("a client that is disabled: its tokens die at a warm gate within 3 s", async () => {
    const warm = install();
    const { authorization, id } = await newClient();
    const kept = await newClient();
    const token = await issue(warm, authorization);
    const untouched = await issue(warm, kept.authorization);
    expect(await status(warm, bearer(token))).toBe(200);
    const changed = await changeClient(id, { disabled: true }, management(), Date.now());
    expect(changed).toMatchObject({ ok: true, value: { progress: "announced" } });
    vi.setSystemTime(Date.now() + 3_001);
    expect(await status(warm, bearer(token))).toBe(401);
    expect(logs.lastDecision).toMatchObject({ reason: "token_client_revoked" });
    expect(await status(warm, bearer(untouched))).toBe(200);
  });

  it("an API key that is made, disabled, enabled and deleted: each is seen by a warm gate within 3 s", async () => {
    const warm = install();
    let clockMs = Date.now();
    const later = () => {
      clockMs += 3_100;
      vi.setSystemTime(clockMs);
    };
    vi.setSystemTime(clockMs);
    expect(await status(warm, bearer("AAAA.AAAA.AAAA"))).toBe(401);
    const draft = {
      name: "key",
      environment: "live",
      kind: "secret",
      scopes: ["orders:read"],
      roles: [],
      ...UNBOUND,
      expiresAtMs: null,
    } as const;
    const made = await createApiKey(draft, management(), clockMs);
    if (!made.ok) throw new Error("no key");
    const { key, text } = made.value.value;
    const headers = { "x-api-key": secret(text) };
    later();
    expect(await status(warm, headers)).toBe(200);
    await changeApiKey(key.id, { disabled: true }, management(), clockMs);
    later();
    expect(await status(warm, headers)).toBe(401);
    await changeApiKey(key.id, { disabled: false }, management(), clockMs);
    later();
    expect(await status(warm, headers)).toBe(200);
    await deleteApiKey(key.id, management(), clockMs);
    later();
    expect(await status(warm, headers)).toBe(401);
    expect(await status(install(), headers)).toBe(401);
  });
});
