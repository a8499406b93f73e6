import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Outage, orOutage } from "../../../src/kernel/outage.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("orOutage", () => {
  it.each<[string, () => Promise<string>]>([
    ["an answer", async () => "answer"],
    ["a fault", () => Promise.reject(new Error("torn"))],
    [
      "a fault before the first pause",
      () => {
        throw new Error("torn");
      },
    ],
  ])("%s ends its deadline before whoever waits goes on", async (_, work) => {
    const pendingThen = await orOutage("d1", 1_000, work).then(
      () => vi.getTimerCount(),
      () => vi.getTimerCount(),
    );
    expect(pendingThen).toBe(0);
  });

  it("the deadline is an outage, whatever comes later", async () => {
    const late = Promise.withResolvers<string>();
    const told = expect(orOutage("d1", 1_000, () => late.promise)).rejects.toMatchObject({
      dependency: "d1",
      cause: "deadline",
    });
    vi.advanceTimersByTime(1_000);
    late.resolve("too late");
    await told;
  });

  it("an outage stays the one that it is, and any other fault becomes one with its cause", async () => {
    const outage = new Outage("kv");
    await expect(orOutage("d1", 1_000, () => Promise.reject(outage))).rejects.toBe(outage);
    const torn = new Error("torn");
    await expect(orOutage("d1", 1_000, () => Promise.reject(torn))).rejects.toMatchObject({
      name: "Outage",
      dependency: "d1",
      cause: torn,
    });
  });
});
