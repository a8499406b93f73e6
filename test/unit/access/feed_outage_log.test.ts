import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { handFed, page, T0 } from "../../support/hand_fed.ts";
import { captureLogs } from "../../support/logs.ts";

const logs = captureLogs();

function events() {
  return logs.lines.map((line) => JSON.parse(line));
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("operators hear of an outage once, not once for each request", () => {
  it.each([
    ["fails", true, "failed"],
    ["never answers", false, "deadline"],
  ])(
    "a feed that %s under 100 callers, refused and tolerated: one line, and one when it is back",
    async (_, fails, cause) => {
      const feed = handFed();
      await feed.start();
      for (let round = 0; round < 10; round++) {
        const callers = Array.from({ length: 10 }, (_, at) => feed.view(T0 + 4_000 + round, at % 2 === 0 ? 0 : 60_000));
        if (fails) feed.asked.at(-1)?.fail();
        await vi.advanceTimersByTimeAsync(250);
        expect((await Promise.all(callers)).map((view) => view !== null)).toEqual(callers.map((_, at) => at % 2 === 1));
      }
      expect(events()).toEqual([
        {
          time: new Date(T0 + 4_000).toISOString(),
          level: "error",
          event: "edge_feed_unavailable",
          cause,
          snapshot_age_ms: 4_000,
        },
      ]);
      const back = feed.view(T0 + 9_000);
      await feed.answer(page(0, []));
      await back;
      const since = new Date(T0 + 4_000).toISOString();
      const recovered = {
        time: new Date(T0 + 9_000).toISOString(),
        level: "info",
        event: "edge_feed_recovered",
        since,
      };
      expect(events().slice(1)).toEqual([recovered]);
    },
  );

  it("one that fails behind a request, which nobody would notice, is told as well", async () => {
    const feed = handFed();
    await feed.start();
    expect(await feed.view(T0 + 2_500)).not.toBeNull();
    feed.asked.at(-1)?.fail();
    await vi.advanceTimersByTimeAsync(0);
    expect(events()).toMatchObject([{ event: "edge_feed_unavailable", snapshot_age_ms: 2_500 }]);
  });

  it("a cold isolate has no age to tell", async () => {
    const feed = handFed();
    const cold = feed.view(T0);
    feed.asked[0]?.fail();
    await cold;
    expect(events()).toMatchObject([{ event: "edge_feed_unavailable", snapshot_age_ms: null }]);
  });

  it("a feed that is late at every call is told of once a minute, and an outage that lasts is not missed", async () => {
    const feed = handFed();
    for (let second = 0; second < 120; second += 5) {
      const viewing = feed.view(T0 + second * 1_000);
      await vi.advanceTimersByTimeAsync(250);
      await viewing;
      if (second < 30) await feed.answer(page(0, []));
    }
    expect(events().filter(({ event }) => event === "edge_feed_unavailable")).toMatchObject([
      { time: new Date(T0).toISOString() },
      { time: new Date(T0 + 60_000).toISOString() },
    ]);
    expect(events().filter(({ event }) => event === "edge_feed_recovered")).toHaveLength(1);
  });
});
