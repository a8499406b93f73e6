import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { DeploymentFault, need, readBindings } from "../../src/bindings.ts";
import { watchDeadlines } from "../support/faults/deadlines.ts";
import { GATE_ROWS } from "../support/faults/gate_rows.ts";
import { type Callers, GATE_LIES, openGateWorld, storedReader } from "../support/faults/gate_world.ts";
import { newKey, ringKey } from "../support/forge.ts";
import { PARTNER_URL } from "../support/gateway_config.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const START = Date.parse("2026-11-06T00:00:00Z");
const network = stubNetwork();
const logs = captureLogs();
const deadlines = watchDeadlines();
let callers: Callers;

beforeAll(async () => {
  await applyD1Migrations(need(readBindings(env), "DB"), env.D1_MIGRATIONS);
  callers = { ring: await ringKey(), partner: await newKey(), reader: await storedReader() };
});

beforeEach(() => {
  vi.setSystemTime(START);
  network.serve(PARTNER_URL, () => Response.json({ keys: [callers.partner.jwk] }));
  return () => {
    vi.useRealTimers();
  };
});

/** What pauses behind its answers. */
const PAUSING: ReadonlySet<string | null> = new Set(["AUDIT", "UNLISTED_CALLS"]);

/** What makes an isolate a warm one. */
const USED_BEFORE = [
  "an API key that was used before",
  "a token that was used before",
  "a rule whose relations were asked for before",
  "a question by AuthZEN",
  "a session that was used before",
] as const;

const cases = GATE_ROWS.flatMap((row) => row.faults.map((fault) => ({ ...row, fault })));

describe("each dependency of the gate, broken in each way", () => {
  it.each(cases)("$dependency $fault: $call, $isolate, is answered $answer", async (row) => {
    const { binding, fault, call, isolate, answer, withinMs, log, lie, meanwhile, after, pauseMs } = row;
    const signals = call.includes("onUnknown: deny") ? "deny" : "allow";
    const open = () => openGateWorld(binding ?? "", fault === "missing", signals, deadlines.ring, callers);
    const isRefused = fault === "missing" && log?.startsWith("deployment_fault") === true;
    if (isRefused) {
      expect(open).toThrow(DeploymentFault);
      return;
    }
    const world = open();
    const settled = () => (PAUSING.has(binding) ? deadlines.hurried(world.gate.settled()) : world.gate.settled());
    if (isolate === "warm") {
      for (const name of USED_BEFORE) expect(await world.call(name), name).toBe("200");
      await world.gate.settled();
    }
    const origins = network.originCalls.length;
    world.broken.health =
      fault === "down" ? "failing" : fault === "slow" ? "silent" : fault === "missing" ? "well" : "lying";
    if (lie !== undefined) world.broken.lie = GATE_LIES[lie];
    deadlines.begin();
    expect(await world.call(call)).toBe(answer);
    expect(network.originCalls.length, "the origin").toBe(
      origins + (answer === "200" && call !== "the identity key set" ? 1 : 0),
    );
    await settled();
    if (fault === "slow") expect(deadlines.unbounded).toBe(0);
    if (fault === "slow" && withinMs !== null) expect(deadlines.firstMs).toBe(withinMs);
    if (log !== null) {
      const [event = "", word = ""] = log.split(": ");
      expect(
        logs
          .events(event)
          .map((line) => JSON.stringify(line))
          .join("\n"),
      ).toContain(word);
    }
    for (const name of meanwhile) expect(await world.call(name), name).toBe("200");
    if (fault === "missing") return;
    world.broken.health = "well";
    vi.setSystemTime(Date.now() + (pauseMs ?? 0));
    expect(await world.call(call), "mended").toBe(after);
    await settled();
  });
});
