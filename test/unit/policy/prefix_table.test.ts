import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Address, type AddressRange, isWithin } from "../../../src/policy/address_range.ts";
import { innermost, prefixTable } from "../../../src/policy/prefix_table.ts";

/** Few bits that differ, so that ranges nest, touch and repeat, and addresses fall on their edges. */
const group = fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xff00, 0xffff);

function addresses(family: 4 | 6): fc.Arbitrary<Address> {
  const length = family === 4 ? 2 : 8;
  return fc.array(group, { minLength: length, maxLength: length }).map((groups) => ({ family, groups }));
}

const anyAddress = fc.oneof(addresses(4), addresses(6));

const anyRange: fc.Arbitrary<AddressRange> = anyAddress.chain(({ family, groups }) =>
  fc.integer({ min: 0, max: groups.length * 16 }).map((bits) => ({ family, groups: cut(groups, bits), bits })),
);

function cut(groups: readonly number[], bits: number): number[] {
  return groups.map((value, at) => {
    const own = Math.max(0, Math.min(16, bits - at * 16));
    return value & ((0xffff << (16 - own)) & 0xffff);
  });
}

/** What the table promises, said plainly: the longest prefix that holds the address and counts. */
function naive(ranges: readonly AddressRange[], address: Address, counts: (index: number) => boolean): number {
  const holding = ranges.flatMap((range, index) => (isWithin(address, range) && counts(index) ? [range.bits] : []));
  return holding.length === 0 ? -1 : Math.max(...holding);
}

describe("a compiled table of ranges", () => {
  it("property: finds what a look at every range finds, whichever of them count", () => {
    fc.assert(
      fc.property(
        fc.array(anyRange, { maxLength: 40 }),
        fc.array(anyAddress, { minLength: 1, maxLength: 20 }),
        fc.infiniteStream(fc.boolean()),
        (ranges, sought, coins) => {
          const live = ranges.map(() => coins.next().value === true);
          const counts = (index: number) => live[index] === true;
          const table = prefixTable(ranges);
          const edges = ranges.map(({ family, groups }) => ({ family, groups }));
          for (const address of [...sought, ...edges]) {
            const found = innermost(table, address, counts);
            expect(found === -1 ? -1 : ranges[found]?.bits).toBe(naive(ranges, address, counts));
            if (found !== -1) expect(counts(found) && isWithin(address, ranges[found] as AddressRange)).toBe(true);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("100,000 ranges: a look-up asks of a handful of them, not of all", () => {
    const ranges = Array.from({ length: 100_000 }, (_, index): AddressRange => {
      return { family: 4, groups: [0x0b00 + (index >> 12), (index & 0xfff) << 4], bits: 28 };
    });
    const outer: AddressRange = { family: 4, groups: [0x0b00, 0], bits: 8 };
    const table = prefixTable([...ranges, outer]);
    let asked = 0;
    const counts = () => {
      asked += 1;
      return false;
    };
    expect(innermost(table, { family: 4, groups: [0x0b05, 0x1234] }, counts)).toBe(-1);
    expect(asked).toBe(2);
    expect(innermost(table, { family: 4, groups: [0x0b05, 0x1234] }, () => true)).toBe(5 * 4096 + 0x123);
    expect(innermost(table, { family: 4, groups: [0x0c05, 0x1234] }, () => true)).toBe(-1);
  });
});
