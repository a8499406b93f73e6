import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { need, readBindings } from "../../src/bindings.ts";
import { auditedConfig, memoryQueue } from "../support/audit_trail.ts";
import { gateWith, hurried, present } from "../support/audited_gate.ts";
import { breakable } from "../support/breakable.ts";
import { install } from "../support/install.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

const logs = captureLogs();
const network = stubNetwork();

afterEach(() => {
  vi.useRealTimers();
});

describe("`required`", () => {
  it("the decision is safe before the origin is asked", async () => {
    const { gate, queue } = gateWith({ "/orders": "required" });
    let eventsBeforeOrigin = -1;
    network.origin(() => {
      eventsBeforeOrigin = queue.events.length;
      return Response.json({});
    });
    const response = await gate.fetch("/orders", present((await storedKey()).key));
    expect(response.status).toBe(200);
    expect(eventsBeforeOrigin).toBe(1);
    await gate.settled();
    expect(queue.events).toMatchObject([{ outcome: "allowed", status: null }]);
  });

  it("a denial, too, is safe before it is told", async () => {
    const { gate, queue } = gateWith({ "/orders": "required" });
    expect((await gate.fetch("/orders")).status).toBe(401);
    expect(queue.events).toMatchObject([{ outcome: "denied", reason: "no_credential" }]);
  });

  it.each(["failing", "silent"] as const)(
    "a %s queue closes the route: 503, and the origin is not asked",
    async (health) => {
      const { gate, queue } = gateWith({ "/orders": "required" });
      const { key } = await storedKey();
      expect((await gate.fetch("/orders", present(key))).status).toBe(200);
      queue.health = health;
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      for (const headers of [present(key), {}]) {
        const response = await hurried(gate.fetch("/orders", headers));
        expect(response.status).toBe(503);
        expect(response.headers.get("retry-after")).toBe("1");
        expect(await problemOf(response)).toMatchObject({ code: "temporarily_unavailable" });
        expect(logs.lastDecision).toMatchObject({ outcome: "denied", reason: "audit_unavailable" });
      }
      expect(network.originCalls).toHaveLength(1);
      queue.health = "well";
      expect((await gate.fetch("/orders", present(key))).status).toBe(200);
      await hurried(gate.settled());
    },
  );

  it("a queue that took the event and did not say so holds both: the decision, and that nothing followed from it", async () => {
    const { gate, queue } = gateWith({ "/orders": "required" });
    const { key } = await storedKey();
    await gate.fetch("/orders", present(key));
    queue.health = "takes and says nothing";
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const response = await hurried(gate.fetch("/orders", present(key)));
    expect(response.status).toBe(503);
    queue.health = "well";
    await hurried(gate.settled());
    const told = new Map(queue.events.slice(1).map((event) => [event.id.split("/")[1], event]));
    expect(told.get("decision")).toMatchObject({ outcome: "allowed" });
    expect(told.get("undone")).toMatchObject({ outcome: "denied", reason: "audit_unavailable", status: 503 });
  });

  it("a call that fails after its decision was recorded says so in a second event, and the origin was not asked", async () => {
    const queue = memoryQueue();
    const identities = breakable(need(readBindings(env), "IDENTITY_KEYS"));
    identities.health = "failing";
    const config = auditedConfig({ "/orders": "required" });
    const gate = install({ config, env: { AUDIT: queue.binding, IDENTITY_KEYS: identities.binding } });
    expect((await gate.fetch("/orders", present((await storedKey()).key))).status).toBe(503);
    await gate.settled();
    expect(network.originCalls).toEqual([]);
    expect(queue.events).toMatchObject([
      { id: expect.stringMatching(/decision$/), outcome: "allowed", status: null },
      { id: expect.stringMatching(/undone$/), outcome: "denied", status: 503, reason: "outage" },
    ]);
  });

  it("a call that an outage ends is answered once its denial is safe, or could not be made safe", async () => {
    const queue = memoryQueue();
    const keys = breakable(need(readBindings(env), "API_KEYS"));
    const config = auditedConfig({ "/orders": "required" });
    const gate = install({ config, env: { AUDIT: queue.binding, API_KEYS: keys.binding } });
    const { key } = await storedKey();
    keys.health = "failing";
    queue.health = "silent";
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let isAnswered = false;
    const answer = gate.fetch("/orders", present(key)).finally(() => {
      isAnswered = true;
    });
    while (vi.getTimerCount() === 0 && !isAnswered) await scheduler.wait(1);
    await scheduler.wait(20);
    expect(isAnswered).toBe(false);
    expect((await hurried(answer)).status).toBe(503);
    queue.health = "well";
    expect((await gate.fetch("/orders", present(key))).status).toBe(503);
    expect(queue.events.at(-1)).toMatchObject({ outcome: "denied", reason: "outage" });
    await hurried(gate.settled());
  });

  it("other routes of the same gate go on", async () => {
    const { gate, queue } = gateWith({ "/orders": "required" });
    queue.health = "failing";
    expect((await gate.fetch("/whoami", present((await storedKey()).key))).status).toBe(200);
  });
});
