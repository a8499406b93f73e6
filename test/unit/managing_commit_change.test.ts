import { describe, expect, it } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import { commitChange } from "../../src/managing/commit_change.ts";

/** Parts that write down the order in which they are called. */
function recorded(deliver: () => Promise<boolean>, expectAlarm: () => Promise<void> = async () => undefined) {
  const steps: string[] = [];
  const note = <T>(step: string, work: () => T) => {
    steps.push(step);
    return work();
  };
  return {
    steps,
    wiring: {
      courier: { expect: () => note("expect", expectAlarm), deliver: () => note("deliver", deliver) },
      revocations: { view: async () => null, expire: () => note("expire", () => undefined) },
    },
    write: (outcome: "changed" | "conflict") => async () => note("write", () => outcome),
  };
}

describe("commitChange", () => {
  it("sets the alarm, writes, delivers, and lets this isolate see it: in that order", async () => {
    const { steps, wiring, write } = recorded(async () => true);
    expect(await commitChange(wiring, write("changed"))).toEqual({ ok: true, value: "announced" });
    expect(steps).toEqual(["expect", "write", "deliver", "expire"]);
  });

  it.each([
    ["false", async () => false],
    ["an outage", () => Promise.reject(new Outage("outbox"))],
  ])("is pending when delivery is %s: the change is made, the alarm goes on", async (_name, deliver) => {
    const { steps, wiring, write } = recorded(deliver);
    expect(await commitChange(wiring, write("changed"))).toEqual({ ok: true, value: "pending" });
    expect(steps).toEqual(["expect", "write", "deliver", "expire"]);
  });

  it("delivers nothing after a conflict", async () => {
    const { steps, wiring, write } = recorded(async () => true);
    expect(await commitChange(wiring, write("conflict"))).toEqual({ ok: false, error: { code: "conflict" } });
    expect(steps).toEqual(["expect", "write"]);
  });

  it("changes nothing when no alarm can be set", async () => {
    const { steps, wiring, write } = recorded(
      async () => true,
      () => Promise.reject(new Outage("outbox")),
    );
    await expect(commitChange(wiring, write("changed"))).rejects.toThrow(Outage);
    expect(steps).toEqual(["expect"]);
  });
});
