import { expect, it } from "vitest";
import type { AbuseTrace } from "../../../src/access/abuse_trace.ts";
import { noteCall, type WatchedCall } from "../../../src/access/check_signals.ts";
import type { SignalWatch } from "../../../src/access/signal_watch.ts";

const call: WatchedCall = {
  address: "192.0.2.1",
  nowMs: 0,
  edge: () => ({ asn: null, country: null, position: null }),
  defer: () => undefined,
};

/** Whether an answer of `status` counts as its principal's error. */
function isError(status: number, heldUp: boolean): unknown {
  const noted: unknown[] = [];
  const watch = { note: (_subject, _sighting, error) => void noted.push(error) } as Pick<SignalWatch, "note">;
  const watched = { subject: "user:a", watch: watch as SignalWatch };
  const abuse: AbuseTrace = { lists: [], captcha: null, solved: null, signals: null, watched, heldUp };
  noteCall({ abuse }, call, status);
  return noted[0];
}

it.each([
  [200, false, false],
  [400, false, true],
  [403, false, true],
  [429, false, false],
  [500, false, false],
  [403, true, false],
])("an answer of %i, held up by what stands against abuse: %s, counts as an error: %s", (status, heldUp, counts) => {
  expect(isError(status, heldUp)).toBe(counts);
});
