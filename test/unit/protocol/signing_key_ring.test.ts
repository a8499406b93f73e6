import { describe, expect, it } from "vitest";
import type { SignatureAlgorithm } from "../../../src/protocol/jws.ts";
import {
  acknowledge,
  bootstrap,
  dropDead,
  EMPTY_RING,
  findKey,
  type KeyCandidate,
  keyStatus,
  nextUsableAtMs,
  nextWakeMs,
  RING_FEED_ID,
  type RingState,
  replaceLost,
  rotate,
  rotationsDue,
} from "../../../src/protocol/signing_key_ring.ts";
import { candidate } from "../../support/ring_keys.ts";

const T0 = 1_800_000_000_000;
const SETTINGS = { rotateAfterMs: 1_000_000, publishLeadMs: 300_000, retainMs: 1_500_000 };
const HOUR_MS = 3_600_000;

function firstKeys(alg: SignatureAlgorithm = "ES256", state: RingState = EMPTY_RING): RingState {
  return bootstrap(state, alg, candidate(`${alg}-1`, alg), candidate(`${alg}-2`, alg), T0);
}

function rotated(state: RingState, successor: KeyCandidate | null, nowMs: number, emergency = false) {
  return rotate(state, "ES256", successor, { nowMs, emergency }, SETTINGS);
}

function kids(state: RingState): Record<string, string> {
  return Object.fromEntries(state.keys.map((key) => [key.jwk.kid, keyStatus(key)]));
}

describe("bootstrap", () => {
  it("gives an algorithm an active and a next key, of which the second may sign at once", () => {
    const state = firstKeys();
    expect(kids(state)).toEqual({ "ES256-1": "active", "ES256-2": "next" });
    expect(nextUsableAtMs(state, "ES256", SETTINGS)).toBe(T0);
    expect(rotated(state, candidate("c"), T0).outcome).toBe("rotated");
  });

  it("changes nothing the second time, and leaves other algorithms alone", () => {
    const state = firstKeys();
    expect(bootstrap(state, "ES256", candidate("x"), candidate("y"), T0 + 1)).toBe(state);
    const both = firstKeys("RS256", state);
    expect(both.keys.slice(0, 2)).toEqual(state.keys);
    expect(both.version).toBe(state.version + 1);
  });
});

describe("rotate", () => {
  it("lets the next key sign, retires the active one, publishes the successor and tells the feed", () => {
    const { state } = rotated(firstKeys(), candidate("c"), T0 + 5);
    expect(kids(state)).toEqual({ "ES256-1": "retired", "ES256-2": "active", c: "next" });
    expect(state.outbox).toEqual([
      { kind: "config", id: RING_FEED_ID, epoch: state.version, untilMs: T0 + 5 + SETTINGS.retainMs },
    ]);
  });

  it("schedules while the next key is too young, and is due exactly when it is old enough", () => {
    const { state } = rotated(firstKeys(), candidate("c"), T0 + 5);
    const again = rotated(state, candidate("d"), T0 + 10);
    const dueMs = T0 + 5 + SETTINGS.publishLeadMs;
    expect(again).toMatchObject({ outcome: "scheduled", atMs: dueMs });
    expect(kids(again.state)).toEqual(kids(state));
    expect(again.state.version).toBe(state.version);
    expect(rotationsDue(again.state, dueMs - 1, SETTINGS)).toEqual([]);
    expect(rotationsDue(again.state, dueMs, SETTINGS)).toEqual(["ES256"]);
    expect(rotated(again.state, candidate("d"), dueMs)).toMatchObject({ outcome: "rotated", state: { scheduled: {} } });
  });

  it("two rotations in the millisecond of the bootstrap do not let a key sign that verifiers cannot know", () => {
    const { state } = rotated(firstKeys(), candidate("c"), T0);
    expect(rotated(state, candidate("d"), T0).outcome).toBe("scheduled");
    expect(rotated(state, candidate("d"), T0 + 1_000).outcome).toBe("scheduled");
  });

  it("a successor that is in the ring already names a rotation that has happened", () => {
    const { state } = rotated(firstKeys(), candidate("c"), T0 + 5);
    expect(rotated(state, candidate("c"), T0 + HOUR_MS)).toEqual({ outcome: "rotated", state });
  });

  it("throws for an algorithm that has no keys", () => {
    expect(() => rotated(EMPTY_RING, candidate("c"), T0)).toThrow("no keys");
  });
});

describe("rotate in an emergency", () => {
  it("withdraws the active key, tells its id, and the next key signs whatever its age", () => {
    const { state } = rotated(rotated(firstKeys(), candidate("c"), T0 + 5).state, candidate("d"), T0 + 6, true);
    expect(kids(state)).toMatchObject({ c: "active", d: "next" });
    expect(kids(state)).not.toHaveProperty("ES256-2");
    expect(state.outbox).toContainEqual(expect.objectContaining({ kind: "kid", id: "ES256-2", epoch: 1 }));
  });

  it("withdraws retired keys as well: a key that leaked may have been rotated away before anyone knew", () => {
    const { state } = rotated(rotated(firstKeys(), candidate("c"), T0 + 5).state, candidate("d"), T0 + 6, true);
    expect(kids(state)).toEqual({ c: "active", d: "next" });
    const told = state.outbox.filter(({ kind }) => kind === "kid").map(({ id }) => id);
    expect(told).toEqual(["ES256-1", "ES256-2"]);
  });

  it("leaves the other algorithms' keys alone", () => {
    const { state } = rotated(firstKeys("RS256", firstKeys()), candidate("c"), T0 + 6, true);
    expect(kids(state)).toMatchObject({ "RS256-1": "active", "RS256-2": "next" });
  });

  it("the withdrawal is told for longer than any isolate may keep its copy of the key set", () => {
    const { state } = rotated(firstKeys(), candidate("c"), T0, true);
    const [entry] = state.outbox.filter(({ kind }) => kind === "kid");
    expect((entry?.untilMs ?? 0) - T0).toBeGreaterThan(2 * HOUR_MS);
  });
});

describe("replaceLost", () => {
  const pair = [candidate("n1"), candidate("n2")] as const;
  const replaced = (state: RingState, lost: readonly string[], nowMs = T0 + 7) =>
    replaceLost(state, "ES256", ({ jwk }) => !lost.includes(jwk.kid), pair, nowMs, SETTINGS);

  it("both keys lost: the old signer retires, the next one is dropped, the new pair may sign at once, the feed is told", () => {
    const before = firstKeys();
    const after = replaced(before, ["ES256-1", "ES256-2"]);
    expect(kids(after)).toEqual({ "ES256-1": "retired", n1: "active", n2: "next" });
    expect(nextUsableAtMs(after, "ES256", SETTINGS)).toBe(T0 + 7);
    expect(after.version).toBe(before.version + 1);
    expect(after.outbox.map(({ kind, id, epoch }) => [kind, id, epoch])).toEqual([
      ["config", RING_FEED_ID, after.version],
    ]);
    expect(kids(dropDead(after, T0 + 6 + SETTINGS.retainMs, SETTINGS))).toHaveProperty("ES256-1");
  });

  it("a next key that opens signs, for verifiers know it already, and the new one is published behind it", () => {
    const after = replaced(firstKeys(), ["ES256-1"]);
    expect(kids(after)).toEqual({ "ES256-1": "retired", "ES256-2": "active", n1: "next" });
    expect(nextUsableAtMs(after, "ES256", SETTINGS)).toBe(T0 + 7 + SETTINGS.publishLeadMs);
  });

  it("changes nothing while the active key opens: a parallel caller's pair is not needed, and repeating is harmless", () => {
    const before = firstKeys();
    expect(replaced(before, [])).toBe(before);
    expect(replaced(before, ["ES256-2"])).toBe(before);
    const once = replaced(before, ["ES256-1", "ES256-2"]);
    expect(replaced(once, ["ES256-1", "ES256-2"])).toBe(once);
  });

  it("leaves other algorithms and earlier retired keys alone, and forgets a rotation that was asked for", () => {
    const turned = rotated(rotated(firstKeys("RS256", firstKeys()), candidate("c"), T0 + 5).state, null, T0 + 6).state;
    const after = replaced(turned, ["ES256-2", "c"]);
    expect(kids(after)).toMatchObject({ "ES256-1": "retired", "ES256-2": "retired", "RS256-1": "active" });
    expect([turned.scheduled, after.scheduled]).toEqual([{ ES256: expect.any(Number) }, {}]);
  });
});

describe("dropDead and nextWakeMs", () => {
  it("a retired key stays until its last token is dead, and not longer", () => {
    const { state } = rotated(firstKeys(), candidate("c"), T0);
    const deadMs = T0 + SETTINGS.retainMs;
    expect(dropDead(state, deadMs - 1, SETTINGS)).toBe(state);
    expect(kids(dropDead(state, deadMs, SETTINGS))).toEqual({ "ES256-2": "active", c: "next" });
  });

  it("wakes for the schedule, for a rotation that was asked for, and for a key that dies: whichever is first", () => {
    expect(nextWakeMs(EMPTY_RING, SETTINGS)).toBeNull();
    expect(nextWakeMs(firstKeys(), SETTINGS)).toBe(T0 + SETTINGS.rotateAfterMs);
    const { state } = rotated(firstKeys(), candidate("c"), T0 + 5);
    expect(nextWakeMs(state, SETTINGS)).toBe(T0 + 5 + SETTINGS.rotateAfterMs);
    expect(nextWakeMs(rotated(state, null, T0 + 6).state, SETTINGS)).toBe(T0 + 5 + SETTINGS.publishLeadMs);
    expect(nextWakeMs(state, { ...SETTINGS, retainMs: 10 })).toBe(T0 + 15);
  });
});

describe("acknowledge", () => {
  it("removes what was delivered, and nothing that came meanwhile", () => {
    const first = rotated(firstKeys(), candidate("c"), T0, true).state;
    const second = rotated(first, candidate("d"), T0 + 1, true).state;
    const left = acknowledge(second, first.outbox);
    expect(left.outbox).toEqual(second.outbox.slice(first.outbox.length));
    expect(left.outbox.length).toBeGreaterThan(0);
    expect(findKey(left, "ES256", "active")).toEqual(findKey(second, "ES256", "active"));
  });
});
