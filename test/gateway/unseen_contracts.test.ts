import { beforeAll, describe, expect, it } from "vitest";
import { contractConfig } from "../support/contract_config.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import type { Installation } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { resourceFieldConfig } from "../support/resource_field_config.ts";
import { installForProxies, SHAPES } from "../support/shapes.ts";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

const { gateway: _, ...OTHERS } = SHAPES;

describe.each(Object.entries(OTHERS))("routes that look into bodies, by the shape %s", (_shape, ask) => {
  const told = async (gate: Installation, path: string) => {
    const { status, problem } = await ask(gate, { path, headers: bearer(await token(ring)) }, network);
    return [status, problem?.code ?? null];
  };

  it("are refused: fields that a caller may not see would reach it, and nobody would know", async () => {
    const gate = installForProxies({ config: contractConfig() });
    expect(await told(gate, "/items")).toEqual([403, "bodies_not_seen"]);
    expect(await told(gate, "/report/items")).toEqual([403, "bodies_not_seen"]);
    expect(logs.lastDecision).toMatchObject({ outcome: "denied", status: 403, reason: "bodies_not_seen" });
    expect(await told(gate, "/orders"), "a route without a contract").toEqual([200, null]);
  });

  it("are refused alike where the policy says whom the properties are for", async () => {
    const gate = installForProxies({ config: resourceFieldConfig() });
    expect(await told(gate, "/notes/1")).toEqual([403, "bodies_not_seen"]);
    expect(
      await told(installForProxies({ config: resourceFieldConfig() }, {}, { unseenBodies: "allow" }), "/notes/1"),
    ).toEqual([200, null]);
  });

  it("are decided on where the setting says so, and held to what can be seen", async () => {
    const gate = installForProxies({ config: contractConfig() }, {}, { unseenBodies: "allow" });
    expect(await told(gate, "/items?limit=50")).toEqual([200, null]);
    expect(await told(gate, "/items?limit=51")).toEqual([400, "request_invalid"]);
    expect(await told(gate, "/items?unknown=1")).toEqual([400, "request_invalid"]);
    expect(logs.events("request_misfit")).toHaveLength(2);
  });

  it("a page's size that the gate would change is refused, for nothing can be changed", async () => {
    const gate = installForProxies({ config: contractConfig() });
    expect(await told(gate, "/pages?limit=50")).toEqual([200, null]);
    expect(await told(gate, "/pages")).toEqual([200, null]);
    expect(await told(gate, "/pages?limit=51")).toEqual([400, "request_invalid"]);
    expect(await told(gate, "/clamped?limit=50")).toEqual([200, null]);
    expect(await told(gate, "/clamped?limit=51")).toEqual([400, "request_invalid"]);
    expect(await told(gate, "/clamped")).toEqual([400, "request_invalid"]);
  });
});
