import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  equalDigests,
  fromBase64url,
  fromUtf8,
  sha256Base64url,
  toBase64url,
  utf8,
} from "../../../src/kernel/bytes.ts";
import { crc32 } from "../../../src/kernel/crc32.ts";
import { fromBase62, toBase62 } from "../../../src/kernel/random.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const anyBytes = fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.from(bytes));

describe("base64url", () => {
  it.each([
    ["", ""],
    ["f", "Zg"],
    ["fo", "Zm8"],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg"],
    ["fooba", "Zm9vYmE"],
    ["foobar", "Zm9vYmFy"],
  ])("RFC 4648 10: %j is %j", (text, encoded) => {
    expect(toBase64url(utf8(text))).toBe(encoded);
    expect(fromUtf8(fromBase64url(encoded) ?? new Uint8Array([0xff]))).toBe(text);
  });

  it("every byte string comes back, and agrees with the platform's own encoder", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const encoded = toBase64url(bytes);
        expect(fromBase64url(encoded)).toEqual(bytes);
        const platform = btoa(String.fromCharCode(...bytes));
        expect(encoded).toBe(platform.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""));
      }),
      { numRuns: 2_000 },
    );
  });

  it("RFC 4648 3.5: one byte string has exactly one spelling", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ALPHABET), { maxLength: 40 }), (symbols) => {
        const text = symbols.join("");
        const bytes = fromBase64url(text);
        if (bytes !== null) expect(toBase64url(bytes)).toBe(text);
      }),
      { numRuns: 5_000 },
    );
  });

  it("all 64 last symbols of two and of three: only those without unused bits decode", () => {
    const decodes = (prefix: string) => [...ALPHABET].filter((last) => fromBase64url(prefix + last) !== null).length;
    expect([decodes("A"), decodes("AA"), decodes("AAA"), decodes("AAAA")]).toEqual([4, 16, 64, 0]);
  });

  it("any other character refuses the whole, wherever it stands", () => {
    fc.assert(
      fc.property(
        anyBytes,
        fc.string({ minLength: 1, maxLength: 1, unit: "binary" }),
        fc.nat(),
        (bytes, other, place) => {
          fc.pre(!ALPHABET.includes(other));
          const good = toBase64url(bytes);
          const at = place % (good.length + 1);
          expect(fromBase64url(good.slice(0, at) + other + good.slice(at))).toBeNull();
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it.each(["=", "Zg=", "Zg==", "Zm8=", "Z g", "Zg\n", " Zg", "+/+/", "Zm9v=", "A", "AAAAA", "Ａ", "\u0100A"])(
    "%j is refused",
    (text) => {
      expect(fromBase64url(text)).toBeNull();
    },
  );
});

describe("UTF-8", () => {
  it("is read strictly: what is no UTF-8 is null, long or short; a byte order mark stays", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const text = fromUtf8(bytes);
        if (text !== null) expect(utf8(text)).toEqual(bytes);
      }),
      { numRuns: 3_000 },
    );
    for (const bad of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xc3], [0xf4, 0x90, 0x80, 0x80]]) {
      expect(fromUtf8(Uint8Array.from(bad))).toBeNull();
      expect(fromUtf8(Uint8Array.from([...new Uint8Array(2_000).fill(0x61), ...bad]))).toBeNull();
    }
    expect(fromUtf8(Uint8Array.from([0xef, 0xbb, 0xbf, 0x61]))).toBe("\ufeffa");
  });

  it("every text comes back", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 600 }),
        (text) => void expect(fromUtf8(utf8(text))).toBe(text),
      ),
    );
    for (const length of [511, 512, 513, 100_000]) expect(fromUtf8(utf8("a".repeat(length)))).toHaveLength(length);
  });
});

describe("digests", () => {
  it("FIPS 180-4: SHA-256 of `abc`, as 43 characters", async () => {
    expect(await sha256Base64url("abc")).toBe("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  });

  it("are equal when they are the same text, and never otherwise", () => {
    const digest = fc
      .array(fc.constantFrom(...ALPHABET), { minLength: 43, maxLength: 43 })
      .map((symbols) => symbols.join(""));
    fc.assert(
      fc.property(digest, digest, fc.nat(42), (a, b, at) => {
        expect(equalDigests(a, a)).toBe(true);
        expect(equalDigests(a, b)).toBe(a === b);
        const other = a.charAt(at) === "A" ? "B" : "A";
        expect(equalDigests(a, a.slice(0, at) + other + a.slice(at + 1))).toBe(false);
        expect(equalDigests(a, a.slice(0, at))).toBe(false);
      }),
    );
    expect(equalDigests("", "")).toBe(true);
    expect(equalDigests("", "A")).toBe(false);
    expect(equalDigests("A", "")).toBe(false);
    expect(equalDigests("A", "A\u0000")).toBe(false);
  });
});

describe("CRC-32 and base 62", () => {
  it.each([
    ["123456789", 0xcbf43926],
    ["", 0],
    ["a", 0xe8b7be43],
    ["The quick brown fox jumps over the lazy dog", 0x414fa339],
  ])("CRC-32 of %j is %d", (text, expected) => {
    expect(crc32(utf8(text))).toBe(expected);
  });

  it("base 62 keeps order and width, and different bytes differ", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (a, b) => {
          const [left, right] = [toBase62(a, 43), toBase62(b, 43)];
          expect(left).toMatch(/^[0-9A-Za-z]{43}$/);
          const order = a.findIndex((byte, at) => byte !== b[at]);
          const expected = order === -1 ? 0 : Math.sign((a[order] ?? 0) - (b[order] ?? 0));
          expect(left === right ? 0 : left < right ? -1 : 1).toBe(expected);
        },
      ),
    );
    expect(toBase62(new Uint8Array(32), 43)).toBe("0".repeat(43));
    expect(toBase62(new Uint8Array(32).fill(255), 43)).toHaveLength(43);
  });

  it("leaves the bytes that it spells as they were, also where a slice of them is no copy, as of Node's Buffer", () => {
    class View extends Uint8Array<ArrayBuffer> {
      override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
        return this.subarray(start, end);
      }
    }
    const bytes = new View(new Uint8Array([1, 2, 3, 4]).buffer);
    expect(toBase62(bytes, 6)).toBe(toBase62(new Uint8Array([1, 2, 3, 4]), 6));
    expect([...bytes]).toEqual([1, 2, 3, 4]);
  });

  it("spells the number that its bytes are, and reads numbers of that length alone", () => {
    const number = (digits: Iterable<number>, base: bigint) =>
      [...digits].reduce((sum, digit) => sum * base + BigInt(digit), 0n);
    const spelt = (text: string) =>
      number(
        [...text].map((symbol) => SYMBOLS.indexOf(symbol)),
        62n,
      );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(40), (bytes, length) => {
        const text = toBase62(bytes, 0);
        expect(spelt(text)).toBe(number(bytes, 256n));
        const read = fromBase62(text, length);
        if (spelt(text) >= 256n ** BigInt(length)) expect(read).toBeNull();
        else expect(number(read ?? [-1], 256n)).toBe(spelt(text));
      }),
    );
  });

  it("reads its own spelling back, and nothing that no bytes are spelt as", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        expect(fromBase62(toBase62(bytes, 22), 16)).toEqual(new Uint8Array(bytes));
      }),
    );
    for (const text of ["z".repeat(22), `${"0".repeat(21)}_`, `${"0".repeat(21)}é`]) {
      expect(fromBase62(text, 16)).toBeNull();
    }
  });
});
