import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LOST_AFTER_MS, type Slot, Slots } from "../../../src/limits/slots.ts";

const T0 = 1_800_000_000_000;

describe("places", () => {
  it("for any takes and releases, some of them repeated: never more than so many, and none is lost", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.option(fc.nat(8)), { minLength: 1, maxLength: 200 }),
        (max, steps) => {
          const slots = new Slots(max);
          const held: Slot[] = [];
          for (const step of steps) {
            if (step === null) {
              const slot = slots.take(T0);
              expect(slot === null).toBe(held.length === max);
              if (slot !== null) held.push(slot);
              continue;
            }
            const [slot] = held.splice(step % Math.max(1, held.length), 1);
            for (let times = 0; times < 3; times++) slot?.release();
            expect(slots.taken).toBe(held.length);
          }
          for (const slot of held) slot.release();
          expect(slots.taken).toBe(0);
        },
      ),
    );
  });

  it("one whose holder is not heard of any more is taken back; one that gives signs of life is not", () => {
    const slots = new Slots(2);
    const [lost, living] = [slots.take(T0), slots.take(T0)];
    expect(slots.take(T0 + LOST_AFTER_MS - 1)).toBeNull();
    living?.alive(T0 + LOST_AFTER_MS);
    expect(slots.take(T0 + LOST_AFTER_MS + 1_000)).not.toBeNull();
    expect(slots.take(T0 + LOST_AFTER_MS + 2_000)).toBeNull();
    lost?.release();
    expect(slots.taken, "what was taken back is not given back a second time").toBe(2);
    living?.release();
    expect(slots.taken).toBe(1);
  });
});

describe("another number of places", () => {
  it("ends nobody's place: with fewer of them none is free until enough came back", () => {
    const slots = new Slots(3);
    const held = [slots.take(T0), slots.take(T0), slots.take(T0)];
    slots.resize(1);
    expect([slots.taken, slots.take(T0)]).toEqual([3, null]);
    held[0]?.release();
    held[1]?.release();
    expect(slots.take(T0)).toBeNull();
    held[2]?.release();
    expect(slots.take(T0)).not.toBeNull();
  });

  it("with more of them those who hold some count among them", () => {
    const slots = new Slots(1);
    expect(slots.take(T0)).not.toBeNull();
    slots.resize(2);
    expect(slots.take(T0)).not.toBeNull();
    expect(slots.take(T0)).toBeNull();
  });
});
