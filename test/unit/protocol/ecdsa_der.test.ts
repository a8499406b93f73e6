import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { p1363FromDer } from "../../../src/protocol/ecdsa_der.ts";

const WIDTH = 32;

function integer(magnitude: readonly number[]): number[] {
  const first = magnitude.findIndex((byte) => byte !== 0);
  const least = magnitude.slice(first);
  const padded = (least[0] ?? 0) >= 0x80 ? [0, ...least] : least;
  return [0x02, padded.length, ...padded];
}

function der(r: readonly number[], s: readonly number[]): Uint8Array {
  const numbers = [...integer(r), ...integer(s)];
  return new Uint8Array([0x30, numbers.length, ...numbers]);
}

const half = fc
  .array(fc.nat(255), { minLength: WIDTH, maxLength: WIDTH })
  .filter((bytes) => bytes.some((byte) => byte !== 0));

describe("a signature in DER", () => {
  it("gives r and s side by side, whatever their leading bytes", () => {
    fc.assert(
      fc.property(half, half, fc.nat(31), (r, s, zeros) => {
        const short = [...Array<number>(zeros).fill(0), ...r.slice(zeros)];
        fc.pre(short.some((byte) => byte !== 0));
        expect([...(p1363FromDer(der(short, s), WIDTH) ?? [])]).toEqual([...short, ...s]);
      }),
    );
  });

  it("has one spelling: a changed length, tag or padding is none", () => {
    const one = Array<number>(WIDTH).fill(0x11);
    const good = [...der(one, one)];
    expect(p1363FromDer(new Uint8Array(good), WIDTH)).not.toBeNull();
    const wrong: number[][] = [
      [],
      [0x30],
      [0x30, 0],
      good.slice(0, -1),
      [...good, 0],
      [0x31, ...good.slice(1)],
      [0x30, 0x81, ...good.slice(1)],
      good.with(1, 0x80),
      good.with(2, 0x03),
      good.with(3, 31),
      good.with(3, 33),
      good.with(3, 0),
      good.with(36, 0x04),
      // Zero, negative, padded without need, wider than the curve.
      [0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x01],
      [0x30, 0x06, 0x02, 0x01, 0x80, 0x02, 0x01, 0x01],
      [0x30, 0x07, 0x02, 0x02, 0x00, 0x01, 0x02, 0x01, 0x01],
      [0x30, 0x26, 0x02, 0x21, 0x01, ...one, 0x02, 0x01, 0x01],
      // A third number.
      [0x30, 0x09, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01],
    ];
    for (const bytes of wrong) expect(p1363FromDer(new Uint8Array(bytes), WIDTH), bytes.join(" ")).toBeNull();
  });

  it("garbage never throws, and what is taken is as wide as it has to be", () => {
    const start = fc.constantFrom([], [0x30], [0x30, 0x06, 0x02, 0x01], [0x30, 0x44, 0x02, 0x20]);
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 80 }), (head, tail) => {
        const out = p1363FromDer(new Uint8Array([...head, ...tail]), WIDTH);
        expect(out === null || out.length === 2 * WIDTH).toBe(true);
      }),
    );
  });
});
