import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isWithin, parseAddress, parseAddressRange } from "../../../src/policy/address_range.ts";

/** Whether `address` lies in `range`; null where either is no such thing. */
function within(address: string, range: string): boolean | null {
  const [one, all] = [parseAddress(address), parseAddressRange(range)];
  return one === null || !all.ok ? null : isWithin(one, all.value);
}

describe("an address in a range", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7", true],
    ["203.0.113.8", "203.0.113.7", false],
    ["203.0.113.7", "203.0.113.0/24", true],
    ["203.0.114.7", "203.0.113.0/24", false],
    ["10.255.255.255", "10.0.0.0/8", true],
    ["11.0.0.0", "10.0.0.0/8", false],
    ["172.31.255.255", "172.16.0.0/12", true],
    ["172.32.0.0", "172.16.0.0/12", false],
    ["255.255.255.255", "0.0.0.0/0", true],
    ["2001:db8::1", "2001:db8::/32", true],
    ["2001:db9::1", "2001:db8::/32", false],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1", true],
    ["2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64", true],
    ["2001:db8:0:2::", "2001:db8:0:1::/64", false],
    ["fe80::1", "::/0", true],
  ])("%s in %s: %s", (address, range, expected) => {
    expect(within(address, range)).toBe(expected);
  });

  it.each([
    ["::ffff:203.0.113.7", "203.0.113.0/24", true],
    ["::ffff:cb00:7107", "203.0.113.7", true],
    ["203.0.113.7", "::ffff:203.0.113.0/120", true],
    ["203.0.114.7", "::ffff:203.0.113.0/120", false],
    // Whoever allows all of IPv6 has not allowed IPv4, and the other way round.
    ["203.0.113.7", "::/0", false],
    ["::ffff:203.0.113.7", "::/0", false],
    ["2001:db8::1", "0.0.0.0/0", false],
    // Other ways of writing IPv4 into IPv6 are not the same host.
    ["::203.0.113.7", "203.0.113.7", false],
    ["64:ff9b::203.0.113.7", "203.0.113.7", false],
  ])("IPv4 mapped into IPv6 is that IPv4 address: %s in %s: %s", (address, range, expected) => {
    expect(within(address, range)).toBe(expected);
  });
});

describe("what is no address", () => {
  it.each([
    [
      "",
      "unknown",
      "1.2.3",
      "1.2.3.4.5",
      "1.2.3.256",
      "01.2.3.4",
      "0x1.2.3.4",
      "16909060",
      " 1.2.3.4",
      "1.2.3.4 ",
      "1.2.3.+4",
    ],
    [
      ":",
      ":::",
      "1::2::3",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7::8",
      "12345::",
      "g::",
      "fe80::1%eth0",
      "[::1]",
    ],
    ["::1.2.3.4:5", "1.2.3.4::", "::ffff:1.2.3.256", "::01.2.3.4", "2001:db8::1, 10.0.0.1", "1".repeat(60), "::1\n"],
  ])("%j and the like", (...texts) => {
    for (const text of texts) expect(parseAddress(text), text).toBeNull();
  });

  it.each([
    ["10.0.0.1/8", "address_beyond_prefix"],
    ["2001:db8::1/32", "address_beyond_prefix"],
    ["::ffff:10.0.0.0/90", "address_malformed"],
    ["10.0.0.0/33", "address_malformed"],
    ["::/129", "address_malformed"],
    ["10.0.0.0/", "address_malformed"],
    ["10.0.0.0/08", "address_malformed"],
    ["10.0.0.0/-1", "address_malformed"],
    ["10.0.0.0/8/8", "address_malformed"],
    ["10.0.0.0/255.0.0.0", "address_malformed"],
    ["/8", "address_malformed"],
    ["localhost", "address_malformed"],
  ])("%s is no range: %s", (text, error) => {
    expect(parseAddressRange(text)).toEqual({ ok: false, error });
  });
});

describe("for every address", () => {
  const word = fc.nat(0xffff);
  const v6 = fc.array(word, { minLength: 8, maxLength: 8 });
  const v4 = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 });
  const bitsOf = (groups: readonly number[]) => groups.map((group) => group.toString(2).padStart(16, "0")).join("");
  const spell6 = (groups: readonly number[]) => groups.map((group) => group.toString(16)).join(":");
  const spell4 = (octets: readonly number[]) => octets.join(".");
  const groups4 = ([a = 0, b = 0, c = 0, d = 0]: readonly number[]) => [a * 256 + b, c * 256 + d];

  /** The first address of the range of `bits` that holds the address spelled by `text`. */
  function network(groups: readonly number[], bits: number): number[] {
    const kept = bitsOf(groups)
      .slice(0, bits)
      .padEnd(groups.length * 16, "0");
    return groups.map((_, at) => Number.parseInt(kept.slice(at * 16, at * 16 + 16), 2));
  }

  it("an IPv6 range holds what shares its prefix, and nothing else", () => {
    fc.assert(
      fc.property(v6, v6, fc.integer({ min: 1, max: 128 }), (base, other, bits) => {
        fc.pre(base[5] !== 0xffff && other[5] !== 0xffff);
        const range = `${spell6(network(base, bits))}/${bits}`;
        expect(within(spell6(base), range)).toBe(true);
        expect(within(spell6(other), range)).toBe(bitsOf(base).slice(0, bits) === bitsOf(other).slice(0, bits));
      }),
    );
  });

  it("an IPv4 range holds what shares its prefix, however the caller's address is spelled", () => {
    fc.assert(
      fc.property(v4, v4, fc.integer({ min: 0, max: 32 }), (base, other, bits) => {
        const [high = 0, low = 0] = network(groups4(base), bits);
        const range = `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}/${bits}`;
        const shared = bitsOf(groups4(base)).slice(0, bits) === bitsOf(groups4(other)).slice(0, bits);
        expect(within(spell4(base), range)).toBe(true);
        expect(within(spell4(other), range)).toBe(shared);
        expect(within(`::ffff:${spell4(other)}`, range)).toBe(shared);
        expect(within(`0:0:0:0:0:ffff:${spell6(groups4(other))}`, range)).toBe(shared);
      }),
    );
  });

  it("a run of zeros may be left out, wherever it is", () => {
    fc.assert(
      fc.property(v6, fc.nat(7), fc.integer({ min: 1, max: 8 }), (groups, from, length) => {
        const to = Math.min(8, from + length);
        const zeroed = groups.map((group, at) => (at >= from && at < to ? 0 : group));
        const short = `${spell6(zeroed.slice(0, from))}::${spell6(zeroed.slice(to))}`;
        expect(parseAddress(short)).toEqual(parseAddress(spell6(zeroed)));
      }),
    );
  });

  it("no text throws", () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f:./%]{0,50}$/));
    fc.assert(
      fc.property(texts, (text) => {
        parseAddress(text);
        parseAddressRange(text);
      }),
    );
  });
});
