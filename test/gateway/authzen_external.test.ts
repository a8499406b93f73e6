import { beforeAll, describe, expect, it } from "vitest";
import type { Environment } from "../../src/bindings.ts";
import { authzenConfig, RECORDS } from "../support/authzen_config.ts";
import { authzenWorld, related, storedUser } from "../support/authzen_world.ts";
import { migrate } from "../support/issuer_world.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

const PDP = "https://pdp.example";
const logs = captureLogs();
const network = stubNetwork();
let owner: string;

beforeAll(async () => {
  await migrate();
  owner = await storedUser();
  await related(`record:1#owner@user:${owner}`, `record:2#owner@user:${owner}`);
});

const { record } = RECORDS.resources;
const config = authzenConfig(
  {
    ...RECORDS,
    resources: { record: { ...record, actions: { ...record?.actions, read: { external: "compliance" } } } },
    external: { compliance: { url: `${PDP}/evaluate`, tokenBinding: "PDP_TOKEN" } },
  },
  { reasons: "codes" },
);
const TOKEN = secret("a token for it");
const env = { PDP_TOKEN: TOKEN } as Environment;
const world = () => authzenWorld(config, { env });
const asks = (id: string, name = "read", who = owner) => ({
  subject: { type: "user", id: who },
  action: { name },
  resource: { type: "record", id },
});

describe("an action in which others have a say", () => {
  it("is allowed where both allow it: nobody else's word is enough", async () => {
    network.serve(PDP, async (request) => {
      const { resource } = (await request.json()) as { resource: { id: string } };
      return Response.json({ decision: resource.id !== "2" });
    });
    const { answer } = await world();
    expect(await answer("evaluation", asks("1"))).toEqual({ decision: true });
    expect(await answer("evaluation", asks("2"))).toEqual({ decision: false, context: { reason: "external_denied" } });
    expect(network.calls).toHaveLength(2);
    expect(await answer("evaluation", asks("3"))).toEqual({ decision: false, context: { reason: "no_rule_allows" } });
    expect(await answer("evaluation", asks("2", "write"))).toEqual({ decision: true });
    expect(network.calls, "what is denied here, and what it has no say in, is not asked there").toHaveLength(2);
    expect(network.calls[0]?.headers.get("authorization")).toBe(`Bearer ${TOKEN}`);
  });

  it("while it cannot be asked there is no answer, and the log says why without its words", async () => {
    network.serve(PDP, () => Response.json({ decision: "true", context: "their words" }));
    const { ask } = await world();
    const response = await ask("evaluation", asks("1"));
    expect([response.status, (await problemOf(response)).code]).toEqual([503, "temporarily_unavailable"]);
    expect(logs.events("external_decision_failed")).toEqual([
      expect.objectContaining({ external: "compliance", error: "no decision" }),
    ]);
    expect(logs.events("access_evaluated")).toEqual([]);
    expect(logs.lines.join()).not.toContain("their words");
    expect((await ask("evaluation", asks("1", "write"))).status).toBe(200);
    network.serve(PDP, () => Response.json({ decision: true }));
    expect((await ask("evaluation", asks("1"))).status).toBe(200);
  });
});
