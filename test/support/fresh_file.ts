import unsafe from "workerd:unsafe";
import { beforeEach, expect, vi } from "vitest";

/*
 * Test files share a runtime, because starting one for each of them takes longer than most of them run. So each file begins
 * here: with modules of its own, so that nothing another file left in one is seen, and with empty stores and objects. The
 * latter is what `reset` of `cloudflare:test` does; importing that one would evaluate the whole Worker once more.
 */
vi.useRealTimers();
vi.resetModules();

/*
 * The clock stands still in a flow, unless its test moves it: on a slow machine no window for a double submit, no pause between polls and no
 * minute of a budget ends between two lines of a test. Elsewhere it goes on, for alarms of objects ring by the real one.
 */
if (expect.getState().testPath?.includes("/test/flows/") === true) {
  const startMs = Date.now();
  vi.setSystemTime(startMs);
  beforeEach(() => {
    vi.setSystemTime(startMs);
  });
}

await unsafe.deleteAllDurableObjects();
