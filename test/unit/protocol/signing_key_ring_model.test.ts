import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SignatureAlgorithm } from "../../../src/protocol/jws.ts";
import {
  acknowledge,
  bootstrap,
  dropDead,
  EMPTY_RING,
  keyStatus,
  nextWakeMs,
  type RingState,
  rotate,
  rotationsDue,
} from "../../../src/protocol/signing_key_ring.ts";
import { candidate } from "../../support/ring_keys.ts";

const ALGORITHMS = ["ES256", "RS256"] as const;
const SETTINGS = { rotateAfterMs: 10_000, publishLeadMs: 300, retainMs: 1_500 };

/** What a verifier with an old copy and an operator with a log would know. */
interface Model {
  nowMs: number;
  made: number;
  /** When each key was first in the set, and whether it may sign early: by bootstrap or in an emergency. */
  readonly seen: Map<string, number>;
  readonly mayBeYoung: Set<string>;
  readonly withdrawn: Set<string>;
  readonly told: Set<string>;
}

interface Real {
  ring: RingState;
}

type Command = fc.Command<Model, Real>;

/** Moves the ring, and checks everything that has to hold after every move. */
function move(model: Model, real: Real, after: RingState): void {
  const before = real.ring;
  real.ring = after;
  expect(after.version).toBeGreaterThanOrEqual(before.version);
  if (signers(after).join() !== signers(before).join()) expect(after.version).toBeGreaterThan(before.version);
  for (const { jwk } of after.keys) if (!model.seen.has(jwk.kid)) model.seen.set(jwk.kid, model.nowMs);
  for (const alg of ALGORITHMS) {
    const own = after.keys.filter(({ jwk }) => jwk.alg === alg);
    expect(own.filter((key) => keyStatus(key) === "active").length).toBe(own.length === 0 ? 0 : 1);
    expect(own.filter((key) => keyStatus(key) === "next").length).toBe(own.length === 0 ? 0 : 1);
  }
  for (const kid of signers(after)) {
    if (signers(before).includes(kid) || model.mayBeYoung.has(kid)) continue;
    expect(model.nowMs - (model.seen.get(kid) ?? model.nowMs)).toBeGreaterThanOrEqual(SETTINGS.publishLeadMs);
  }
  const present = new Set(after.keys.map(({ jwk }) => jwk.kid));
  for (const key of before.keys) {
    if (present.has(key.jwk.kid) || model.withdrawn.has(key.jwk.kid)) continue;
    expect(model.nowMs - (key.retiredAtMs ?? model.nowMs)).toBeGreaterThanOrEqual(SETTINGS.retainMs);
  }
  for (const kid of model.withdrawn) expect(present.has(kid)).toBe(false);
}

function signers(ring: RingState): string[] {
  return ring.keys.filter((key) => keyStatus(key) === "active").map(({ jwk }) => jwk.kid);
}

function make(model: Model, alg: SignatureAlgorithm) {
  model.made += 1;
  return candidate(`k${model.made}`, alg);
}

function command(name: string, run: (model: Model, real: Real) => void, needsKeys = false): Command {
  return {
    check: () => true,
    run: (model, real) => {
      if (!needsKeys || real.ring.keys.length > 0) run(model, real);
    },
    toString: () => name,
  };
}

const start = (alg: SignatureAlgorithm) =>
  command(`bootstrap(${alg})`, (model, real) => {
    const [active, next] = [make(model, alg), make(model, alg)];
    model.mayBeYoung.add(active.jwk.kid).add(next.jwk.kid);
    move(model, real, bootstrap(real.ring, alg, active, next, model.nowMs));
  });

const turn = (alg: SignatureAlgorithm, emergency: boolean, repeat: boolean) =>
  command(`rotate(${alg}, ${emergency}, ${repeat})`, (model, real) => {
    const held = real.ring.keys.filter(({ jwk }) => jwk.alg === alg);
    if (held.length === 0) return;
    const successor = make(model, alg);
    if (emergency) {
      for (const key of held) {
        if (keyStatus(key) === "next") model.mayBeYoung.add(key.jwk.kid);
        else model.withdrawn.add(key.jwk.kid);
      }
    }
    const once = rotate(real.ring, alg, successor, { nowMs: model.nowMs, emergency }, SETTINGS);
    if (once.outcome === "scheduled") expect(once.atMs).toBeGreaterThan(model.nowMs);
    move(model, real, once.state);
    const again = rotate(real.ring, alg, successor, { nowMs: model.nowMs, emergency: false }, SETTINGS);
    if (repeat && once.outcome === "rotated") expect(again.state).toBe(real.ring);
  });

const alarm = command(
  "alarm",
  (model, real) => {
    for (const alg of rotationsDue(real.ring, model.nowMs, SETTINGS)) {
      const turned = rotate(real.ring, alg, make(model, alg), { nowMs: model.nowMs, emergency: false }, SETTINGS);
      expect(turned.outcome).toBe("rotated");
      move(model, real, turned.state);
    }
    move(model, real, dropDead(real.ring, model.nowMs, SETTINGS));
    // Once its work is done the ring sleeps: an alarm that is set into the past would run for ever.
    expect(nextWakeMs(real.ring, SETTINGS)).toBeGreaterThan(model.nowMs);
  },
  true,
);

const deliver = command("deliver", (model, real) => {
  for (const { kind, id } of real.ring.outbox) if (kind === "kid") model.told.add(id);
  move(model, real, acknowledge(real.ring, real.ring.outbox));
  expect(real.ring.outbox).toEqual([]);
  expect(model.told).toEqual(model.withdrawn);
});

const wait = (ms: number) =>
  command(`wait(${ms})`, (model) => {
    model.nowMs += ms;
  });

const alg = fc.constantFrom(...ALGORITHMS);

describe("the ring, whatever happens to it in whatever order", () => {
  it("one active key per algorithm, none signs before it is known, none leaves before its tokens are dead", () => {
    const commands = fc.commands(
      [
        alg.map(start),
        fc.tuple(alg, fc.constant(false), fc.boolean()).map((args) => turn(...args)),
        fc.tuple(alg, fc.boolean(), fc.boolean()).map((args) => turn(...args)),
        fc.constant(alarm),
        fc.constant(deliver),
        fc.constantFrom(0, 1, 299, 300, 1_499, 1_500, 10_000).map(wait),
      ],
      { maxCommands: 60 },
    );
    fc.assert(
      fc.property(commands, (run) => {
        const model: Model = {
          nowMs: 1_800_000_000_000,
          made: 0,
          seen: new Map(),
          mayBeYoung: new Set(),
          withdrawn: new Set(),
          told: new Set(),
        };
        fc.modelRun(() => ({ model, real: { ring: EMPTY_RING } }), run);
      }),
      { numRuns: 500 },
    );
  });
});
