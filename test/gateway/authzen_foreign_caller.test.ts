import { beforeAll, expect, it } from "vitest";
import { authzenConfig, RECORDS } from "../support/authzen_config.ts";
import { related, storedUser } from "../support/authzen_world.ts";
import { bearer, newKey, ringKey, token } from "../support/forge.ts";
import { PARTNER_URL } from "../support/gateway_config.ts";
import { type Installation, install } from "../support/install.ts";
import { migrate } from "../support/issuer_world.ts";
import { stubNetwork } from "../support/network.ts";

const network = stubNetwork();
const CALLER = "cli_trusted";
const CLAIMS = { sub: CALLER, client_id: CALLER, scope: "authz:evaluate" };
let somebody: string;
let owner: string;

beforeAll(async () => {
  await migrate();
  somebody = await storedUser();
  owner = await storedUser();
  await related(`record:mine#owner@user:${owner}`);
});

async function answered(gate: Installation, proof: string): Promise<unknown> {
  const response = await gate.fetch("/access/v1/evaluation", {
    method: "POST",
    headers: { "content-type": "application/json", ...bearer(proof) },
    body: JSON.stringify({
      subject: { type: "user", id: somebody, properties: { roles: ["admin"] } },
      action: { name: "write" },
      resource: { type: "record", id: "1", properties: { status: "archived" } },
    }),
  });
  expect(response.status).toBe(200);
  return response.json();
}

it("what is settled for a caller of ours is not settled for one whom another issuer calls the same", async () => {
  const key = await newKey();
  network.serve(PARTNER_URL, () => Response.json({ keys: [key.jwk] }));
  const gate = install({ config: authzenConfig(RECORDS, { callers: { [CALLER]: { says: { roles: ["admin"] } } } }) });
  expect(await answered(gate, await token(await ringKey(), CLAIMS))).toEqual({ decision: true });
  expect(await answered(gate, await token(key, { ...CLAIMS, iss: PARTNER_URL }))).toEqual({ decision: false });
});

it("and what is settled for a caller of another issuer goes by both names", async () => {
  const key = await newKey();
  network.serve(PARTNER_URL, () => Response.json({ keys: [key.jwk] }));
  const both = `${encodeURIComponent(PARTNER_URL)}|${CALLER}`;
  const gate = install({ config: authzenConfig(RECORDS, { callers: { [both]: { says: { roles: ["admin"] } } } }) });
  expect(await answered(gate, await token(await ringKey(), CLAIMS))).toEqual({ decision: false });
  expect(await answered(gate, await token(key, { ...CLAIMS, iss: PARTNER_URL }))).toEqual({ decision: true });
});

it("a page token of ours does not open for whom another issuer calls the same", async () => {
  const key = await newKey();
  network.serve(PARTNER_URL, () => Response.json({ keys: [key.jwk] }));
  const gate = install({ config: authzenConfig(RECORDS, { search: {} }) });
  const search = async (proof: string, page: object) => {
    const response = await gate.fetch("/access/v1/search/action", {
      method: "POST",
      headers: { "content-type": "application/json", ...bearer(proof) },
      body: JSON.stringify({
        subject: { type: "user", id: owner },
        resource: { type: "record", id: "mine" },
        page: { limit: 1, ...page },
      }),
    });
    return { status: response.status, ...((await response.json()) as { code?: string; page: { next_token: string } }) };
  };
  const ours = await token(await ringKey(), CLAIMS);
  const first = await search(ours, {});
  const again = { token: first.page.next_token };
  const theirs = await token(key, { ...CLAIMS, iss: PARTNER_URL });
  expect(await search(theirs, again)).toMatchObject({ status: 400, code: "page_token_invalid" });
  expect(await search(ours, again)).toMatchObject({ status: 200, page: { count: 1 } });
});
