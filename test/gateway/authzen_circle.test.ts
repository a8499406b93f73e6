import { beforeAll, expect, it } from "vitest";
import type { Environment } from "../../src/bindings.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { authzenConfig, RECORDS } from "../support/authzen_config.ts";
import { related, storedUser } from "../support/authzen_world.ts";
import { type ForgeKey, ringKey, token } from "../support/forge.ts";
import { type Installation, install } from "../support/install.ts";
import { migrate } from "../support/issuer_world.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

/* Gates that have a say in each other's actions by AuthZEN, so that a question could go round for ever. */
const A = "https://a.example";
const B = "https://b.example";
const C = "https://c.example";
const MANY = Array.from({ length: 8 }, (_, at) => `https://gate${at}.example`).join(", ");
const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;
let reader: string;

beforeAll(async () => {
  await migrate();
  ring = await ringKey();
  reader = await storedUser();
  await related(`record:1#viewer@user:${reader}`);
});

/** A gate at `url`, in whose actions the one at `other` has a say. */
async function gateAt(url: string, other: string): Promise<Installation> {
  const { record } = RECORDS.resources;
  const config = authzenConfig({
    ...RECORDS,
    resources: { record: { ...record, actions: { ...record?.actions, read: { external: "other" } } } },
    external: { other: { url: `${other}/access/v1/evaluation`, tokenBinding: "OTHER_TOKEN" } },
  });
  const moved: ConfigInput = { ...config, gateway: { ...config.gateway, url } };
  return install({ config: moved, env: { OTHER_TOKEN: secret(await asker()) } as Environment });
}

const asker = () => token(ring, { scope: "authz:evaluate" });
const QUESTION = () => ({
  subject: { type: "user", id: reader },
  action: { name: "read" },
  resource: { type: "record", id: "1" },
});

async function ask(gate: Installation, url: string, headers: Readonly<Record<string, string>> = {}) {
  return gate.fetch(`${url}/access/v1/evaluation`, {
    method: "POST",
    body: JSON.stringify(QUESTION()),
    headers: { authorization: `Bearer ${await asker()}`, "content-type": "application/json", ...headers },
  });
}

/** What is sent to `url` is answered by `gate`. */
function serve(url: string, gate: Installation): void {
  network.serve(url, async (request) =>
    gate.fetch(request.url, { method: "POST", headers: [...request.headers], body: await request.text() }),
  );
}

it("a question that comes back to who passed it on is refused there, and nobody is let in", async () => {
  const [a, b] = await Promise.all([gateAt(A, B), gateAt(B, A)]);
  serve(A, a);
  serve(B, b);
  const response = await ask(a, A);
  expect([response.status, (await problemOf(response)).code]).toEqual([503, "temporarily_unavailable"]);
  expect(network.calls.map(({ url, headers }) => [new URL(url).origin, headers.get("sallyport-asked-by")])).toEqual([
    [B, A],
    [A, `${A}, ${B}`],
  ]);
  expect(logs.events("decision").map(({ status, reason }) => [status, reason])).toEqual([
    [400, "asked_in_a_circle"],
    [503, "outage"],
    [503, "outage"],
  ]);
  expect(logs.events("external_decision_failed").map(({ error }) => error)).toEqual(["status 400", "status 503"]);
});

it("a chain that ends is answered, and each knows who asked before", async () => {
  const [a, b] = await Promise.all([gateAt(A, B), gateAt(B, C)]);
  serve(B, b);
  network.serve(C, () => Response.json({ decision: true }));
  expect(await (await ask(a, A)).json()).toEqual({ decision: true });
  expect(network.calls.at(-1)?.headers.get("sallyport-asked-by")).toBe(`${A}, ${B}`);
});

it.each([
  ["who it is put to", A],
  ["who it is put to, among others", `${B},${A}`],
  ["more than anybody asks through", MANY],
  ["text without an end", "x".repeat(2_001)],
])("a question that names %s is refused without being passed on", async (_, field) => {
  const response = await ask(await gateAt(A, B), A, { "sallyport-asked-by": field });
  expect([response.status, (await problemOf(response)).code]).toEqual([400, "asked_in_a_circle"]);
  expect(network.calls).toEqual([]);
});

it("whoever makes such a field up has nobody refused with them who asks the same", async () => {
  const a = await gateAt(A, B);
  let release = (): void => undefined;
  const madeUp = new Promise<void>((resolve) => (release = resolve));
  network.serve(B, async (request) => {
    if (request.headers.get("sallyport-asked-by") === A) return Response.json({ decision: true });
    await madeUp;
    return new Response(null, { status: 400 });
  });
  const stranger = ask(a, A, { "sallyport-asked-by": B });
  await expect.poll(() => network.calls.length).toBe(1);
  expect(await (await ask(a, A)).json()).toEqual({ decision: true });
  release();
  expect((await stranger).status).toBe(503);
});

it("nor has anybody left alone a decision point that fails for such a field: what it asks in its turn is in it", async () => {
  const a = await gateAt(A, B);
  network.serve(B, (request) =>
    request.headers.get("sallyport-asked-by") === A
      ? Response.json({ decision: true })
      : new Response(null, { status: 503 }),
  );
  for (let at = 0; at < 12; at++) {
    expect((await ask(a, A, { "sallyport-asked-by": C })).status).toBe(503);
  }
  expect(await (await ask(a, A)).json()).toEqual({ decision: true });
});
