import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { entry, handFed, page, T0 } from "../../support/hand_fed.ts";
import { captureLogs } from "../../support/logs.ts";

captureLogs();

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a feed that lies takes nothing back and holds nobody up", () => {
  it.each<[string, unknown]>([
    ["nothing", null],
    ["no entries", { position: { generation: "other", seq: 1 }, more: false }],
    ["no position", { entries: [], more: false }],
    ["no generation", { position: { generation: "", seq: 1 }, entries: [], more: false }],
    ["a position that is no count", { position: { generation: "one", seq: "9" }, entries: [], more: false }],
    ["no word on more", { position: { generation: "other", seq: 1 }, entries: [] }],
    ["an entry without an epoch", page(1, [{ ...entry("x"), epoch: Number.NaN }], false, "other")],
    ["an entry that is none", page(1, [null as never], false, "other")],
    [
      "more entries than a page has",
      page(
        1,
        Array.from({ length: 10_001 }, () => entry("x")),
        false,
        "other",
      ),
    ],
  ])("%s: what was revoked stays revoked, and the picture gets no younger", async (_, told) => {
    const feed = handFed();
    await feed.start(entry("revoked"));
    const tolerant = feed.view(T0 + 3_001, 60_000);
    await feed.answer(told as never);
    expect((await tolerant)?.leastEpoch("token", "revoked"), "within what a route tolerates").toBe(1);
    const strict = feed.view(T0 + 3_002);
    await feed.answer(told as never);
    expect(await strict).toBeNull();
    expect(feed.revocations.isFresh(T0 + 3_002)).toBe(false);
    const mended = feed.view(T0 + 4_003);
    await feed.answer(page(2, [entry("later")]));
    expect((await mended)?.leastEpoch("token", "later")).toBe(1);
    expect((await mended)?.leastEpoch("token", "revoked")).toBe(1);
  });

  it.each([
    ["stands still", () => page(1, [entry("a")], true)],
    ["goes back", (pull: number) => page(10 - pull, [entry("a")], true)],
    ["begins anew each time", (pull: number) => page(pull, [entry("a")], true, `generation-${pull}`)],
  ])("one that promises more for ever and %s is left after its second page", async (_, told) => {
    const feed = handFed();
    const viewing = feed.view(T0);
    for (let pull = 1; pull <= 5; pull++) await feed.answer(told(pull));
    expect(await viewing).toBeNull();
    expect(feed.asked).toHaveLength(2);
  });

  it("a feed of many pages is read to its end", async () => {
    const feed = handFed();
    const viewing = feed.view(T0);
    for (let pull = 1; pull <= 5; pull++) await feed.answer(page(pull, [entry(`token ${pull}`)], pull < 5));
    for (let pull = 1; pull <= 5; pull++) expect((await viewing)?.leastEpoch("token", `token ${pull}`)).toBe(1);
  });
});
