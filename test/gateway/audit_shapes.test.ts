import { beforeAll, describe, expect, it } from "vitest";
import { auditedConfig, memoryQueue } from "../support/audit_trail.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { installForProxies, SHAPES } from "../support/shapes.ts";

captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

describe.each(Object.entries(SHAPES))("the shape %s", (_, ask) => {
  const gateWith = (audit: "all" | "required") => {
    const queue = memoryQueue();
    const wishes = { config: auditedConfig({ "/orders": audit }), env: { AUDIT: queue.binding } };
    return { gate: installForProxies(wishes), queue };
  };

  it("records a decision once, whoever carries the call out", async () => {
    const { gate, queue } = gateWith("all");
    const headers = bearer(await token(ring));
    expect((await ask(gate, { path: "/orders?page=2", headers }, network)).status).toBe(200);
    expect((await ask(gate, { path: "/orders" }, network)).status).toBe(401);
    await gate.settled();
    expect(queue.events).toMatchObject([
      { kind: "decision", route: "GET /orders", target: "/orders", outcome: "allowed", status: 200 },
      { kind: "decision", route: "GET /orders", outcome: "denied", status: 401, reason: "no_credential" },
    ]);
    expect(queue.events).toHaveLength(2);
  });

  it("says no where a decision cannot be recorded and has to be", async () => {
    const { gate, queue } = gateWith("required");
    queue.health = "failing";
    const answer = await ask(gate, { path: "/orders", headers: bearer(await token(ring)) }, network);
    expect([answer.status, answer.problem?.code]).toEqual([503, "temporarily_unavailable"]);
    expect(answer.identity).toBeNull();
    queue.health = "well";
    await gate.settled();
    expect(queue.events).toMatchObject([{ outcome: "denied", reason: "audit_unavailable" }]);
  });
});
