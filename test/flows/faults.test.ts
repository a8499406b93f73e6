import { beforeAll, describe, expect, it } from "vitest";
import { DeploymentFault } from "../../src/bindings.ts";
import { watchDeadlines } from "../support/faults/deadlines.ts";
import { ISSUER_ROWS } from "../support/faults/issuer_rows.ts";
import { ISSUER_LIES, openIssuerWorld } from "../support/faults/issuer_world.ts";
import { migrate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

stubNetwork();
const logs = captureLogs();
const deadlines = watchDeadlines();

beforeAll(migrate);

const cases = ISSUER_ROWS.flatMap((row) => row.faults.map((fault) => ({ ...row, fault })));

describe("each dependency of the issuer, broken in each way", () => {
  it.each(cases)("$dependency $fault: $call is answered $answer", async (row) => {
    const { binding, fault, call, isolate, answer, withinMs, log, lie, meanwhile, after } = row;
    const opening = openIssuerWorld(binding ?? "", fault === "missing", deadlines.ring);
    if (fault === "missing" && log?.startsWith("deployment_fault") === true) {
      await expect(opening).rejects.toThrow(DeploymentFault);
      return;
    }
    const world = await opening;
    const others = await Promise.all(meanwhile.map(async (name) => [name, await world.prepare(name)] as const));
    const make = await world.prepare(call);
    if (isolate === "warm") for (const [name, other] of others) expect(await other(), name).toBe("200");
    world.broken.health =
      fault === "down" ? "failing" : fault === "slow" ? "silent" : fault === "missing" ? "well" : "lying";
    if (lie !== undefined) world.broken.lie = ISSUER_LIES[lie];
    deadlines.begin();
    expect(await make()).toBe(answer);
    if (fault === "slow") expect(deadlines.unbounded).toBe(0);
    if (fault === "slow" && withinMs !== null) expect(deadlines.firstMs).toBe(withinMs);
    if (log !== null) {
      const [event = "", word = ""] = log.split(": ");
      expect(
        logs
          .events(event)
          .map((line) => JSON.stringify(line))
          .join("\n"),
        logs.lines.join("\n"),
      ).toContain(word);
    }
    for (const [name, other] of others) expect(await other(), name).toBe("200");
    if (fault === "missing") return;
    world.broken.health = "well";
    expect(await make(), "mended").toBe(after);
  });
});
