import { beforeAll, beforeEach, expect, it } from "vitest";
import { benchConfig } from "../../scripts/bench/bench_config.ts";
import { AUDITED, DEPARTMENT, LISTED, RELATED, ROLE, RULED, UNRULED } from "../../scripts/bench/bench_policy.ts";
import { plantMember, plantRelations } from "../../scripts/bench/plant_relations.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { newClientId } from "../../src/protocol/ids.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { GATEWAY_URL, ISSUER_URL, ORIGIN_URL } from "../support/gateway_config.ts";
import { install } from "../support/install.ts";
import { backstage, migrate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

/*
 * That the bench's rules and relations decide: a row that measured routes on which nothing is asked would look splendid.
 */
const VARS = { ISSUER_URL, GATEWAY_URL, DEMO_ORIGIN_URL: ORIGIN_URL };
const CONFIG = benchConfig(VARS, { routes: 10, issuers: 0, policy: { audits: 100, relations: true } });
captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  await migrate();
  ring = await ringKey();
});

beforeEach(() => network.origin(() => Response.json({})));

/** What a caller as the bench's, but for `changes`, is answered. */
async function statusOf(path: string, changes: Parameters<typeof token>[1] = {}) {
  const claims = { roles: [ROLE], attributes: { department: DEPARTMENT }, ...changes };
  return (await install({ config: CONFIG }).fetch(path, { headers: bearer(await token(ring, claims)) })).status;
}

it.each([RULED, AUDITED])("%s is for managers of the department", async (path) => {
  expect(await statusOf(path)).toBe(200);
  expect(await statusOf(path.replace(DEPARTMENT, "bolts"))).toBe(403);
  expect(await statusOf(path, { roles: [] })).toBe(403);
});

it("a hundred rules are on the audited route's action, and others of them deny", async () => {
  const rules = CONFIG.policy?.rules?.filter(({ on }) => on.includes("order:audit")) ?? [];
  expect([rules.length, new Set(rules.map(({ when }) => when)).size]).toEqual([100, 100]);
  expect(await statusOf("/audited/closed-1/orders", { attributes: { department: "closed-1" } })).toBe(403);
  expect(await statusOf("/audited/closed-2/orders", { attributes: { department: "closed-2" } })).toBe(200);
});

it("nothing but the scope is asked where there is no rule", async () => {
  expect(await statusOf(UNRULED, { roles: [], attributes: {} })).toBe(200);
});

it("documents are for whom they are related to, or for all of the department", async () => {
  const sub = newClientId(platformRandom);
  const questions = await plantRelations(backstage.db as never, 500, 2);
  await plantMember(backstage.db as never, questions, `client:${sub}`);
  const [id] = questions.map(({ object }) => object.slice("document:".length));
  expect(await statusOf(`${RELATED}/${id}`, { sub, client_id: sub })).toBe(200);
  expect(await statusOf(`${RELATED}/d7`, { sub, client_id: sub })).toBe(403);
  expect(await statusOf(`${RELATED}/${id}`)).toBe(403);
  expect(await statusOf(`${LISTED}/d7`)).toBe(200);
  expect(await statusOf(`${LISTED}/d7`, { attributes: { department: "bolts" } })).toBe(403);
});
