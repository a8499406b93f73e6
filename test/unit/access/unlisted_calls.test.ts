import { describe, expect, it } from "vitest";
import type { Call } from "../../../src/access/gate.ts";
import { UnlistedCalls } from "../../../src/access/unlisted_calls.ts";
import type { UnlistedCall } from "../../../src/ports/unlisted_calls.ts";

const T0 = 1_800_000_000_000;

/** An isolate that counts, and what it told. Its pauses end when the test lets them. */
function world(answer: () => Promise<void> = async () => undefined) {
  const told: (readonly UnlistedCall[])[] = [];
  const lost: number[] = [];
  const pauses: { ms: number; end: () => void }[] = [];
  const deferred: Promise<unknown>[] = [];
  const records = {
    note: (calls: readonly UnlistedCall[]) => {
      told.push(calls);
      return answer();
    },
  };
  const pause = (ms: number) => new Promise<void>((end) => pauses.push({ ms, end }));
  const calls = new UnlistedCalls(records, new Set(["/orders"]), (count) => lost.push(count), pause);
  const note = (path: string, nowMs = T0, wishes: Partial<Call> = {}, kind: UnlistedCall["kind"] = "path") => {
    const segments = path.slice(1).split("/");
    const defer = (work: Promise<unknown>) => void deferred.push(work);
    calls.note(kind, { method: "GET", address: "203.0.113.1", ...wishes, segments, nowMs, defer } as Call);
  };
  const settled = async () => {
    for (const { end } of pauses.splice(0)) end();
    await Promise.all(deferred.splice(0));
  };
  return { told, lost, pauses, deferred, note, settled };
}

describe("calls that no route lists", () => {
  it("are told together behind one answer, by shape and method", async () => {
    const { told, deferred, note, settled } = world();
    note("/export/1");
    note("/export/2", T0 + 5);
    note("/orders", T0 + 6, { method: "DELETE" }, "method");
    note("/orders", T0 + 7, { method: "BREW" }, "method");
    expect(deferred).toHaveLength(1);
    await settled();
    const once = { calls: 1 };
    expect(told).toEqual([
      [
        { kind: "path", method: "GET", path: "/export/:", calls: 2, firstMs: T0, lastMs: T0 + 5 },
        { kind: "method", method: "DELETE", path: "/orders", ...once, firstMs: T0 + 6, lastMs: T0 + 6 },
        { kind: "method", method: "OTHER", path: "/orders", ...once, firstMs: T0 + 7, lastMs: T0 + 7 },
      ],
    ]);
  });

  it("are told at most once in ten seconds", async () => {
    const { told, pauses, note, settled } = world();
    note("/export");
    expect(pauses.map(({ ms }) => ms)).toEqual([1_000]);
    await settled();
    note("/export", T0 + 2_000);
    note("/export", T0 + 2_001);
    expect(
      pauses.map(({ ms }) => ms),
      "the first ones went at T0 + 1 s",
    ).toEqual([9_000]);
    await settled();
    note("/export", T0 + 60_000);
    expect(pauses.map(({ ms }) => ms)).toEqual([1_000]);
    await settled();
    expect(told.map(([row]) => row?.calls)).toEqual([1, 2, 1]);
  });

  it("a scan from one address counts together beyond ten shapes; what another one calls keeps its own row", async () => {
    const { told, note, settled } = world();
    const words = Array.from(
      { length: 2_000 },
      (_, at) => `/scan-${String.fromCharCode(97 + (at % 26))}${"x".repeat(at % 13)}/${"y".repeat(1 + (at % 11))}`,
    );
    for (const word of new Set(words)) note(word);
    note("/internal/export", T0, { address: "203.0.113.2" });
    await settled();
    const rows = told[0] ?? [];
    expect(rows.length).toBe(12);
    expect(rows.find(({ path }) => path === "/internal/export")).toMatchObject({ calls: 1 });
    expect(rows.find(({ path }) => path === "*")).toMatchObject({ method: "*", calls: new Set(words).size - 10 });
  });

  it("a scan from many addresses fills neither the memory nor a batch", async () => {
    const { told, note, settled } = world();
    for (let at = 0; at < 5_000; at++)
      note(`/a${"b".repeat(at % 15)}/c${"d".repeat(Math.floor(at / 15) % 15)}/${"e".repeat(1 + (at % 16))}`, T0, {
        address: `a${at}`,
      });
    await settled();
    expect(told[0]?.length).toBe(101);
    expect(told[0]?.reduce((sum, { calls }) => sum + calls, 0)).toBe(5_000);
  });

  it("that cannot be told are lost and said so; the next ones are told", async () => {
    let isDown = true;
    const { told, lost, note, settled } = world(() => (isDown ? Promise.reject(new Error("down")) : Promise.resolve()));
    note("/export");
    note("/export");
    await settled();
    expect(lost).toEqual([2]);
    isDown = false;
    note("/export", T0 + 20_000);
    await settled();
    expect(told.at(-1)).toMatchObject([{ calls: 1 }]);
  });

  it("a telling that was cut off with its request is given up", async () => {
    const { told, note, settled } = world();
    note("/export");
    note("/export", T0 + 24_999);
    note("/export", T0 + 25_000);
    await settled();
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject([{ calls: 3 }]);
  });
});
