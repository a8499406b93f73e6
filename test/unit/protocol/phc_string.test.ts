import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPhc, parsePhc } from "../../../src/protocol/phc_string.ts";

const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => new Uint8Array(array));
const hashes = fc.record({
  memoryKiB: fc.integer({ min: 8, max: 65_536 }),
  passes: fc.integer({ min: 1, max: 10 }),
  salt: bytes(8, 64),
  tag: bytes(16, 64),
});

const GOOD = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaOm5c8y4ltu3iRwKYfAK2ZW9hkT8";

describe("PHC strings", () => {
  it("what is written is read again, and written alike", () => {
    fc.assert(
      fc.property(hashes, (hash) => {
        const text = formatPhc(hash);
        expect(parsePhc(text)).toEqual(hash);
      }),
    );
  });

  it("reads the reference implementation's own string", () => {
    const read = parsePhc(GOOD);
    expect(read).toMatchObject({ memoryKiB: 19_456, passes: 2 });
    expect(new TextDecoder().decode(read?.salt)).toBe("somesalt");
  });

  it.each([
    ["another algorithm", GOOD.replace("argon2id", "argon2i")],
    ["another version", GOOD.replace("v=19", "v=16")],
    ["no version", GOOD.replace("$v=19", "")],
    ["more lanes", GOOD.replace("p=1", "p=2")],
    ["memory that would end the isolate", GOOD.replace("m=19456", "m=65537")],
    ["a thousand passes", GOOD.replace("t=2", "t=1000")],
    ["no pass", GOOD.replace("t=2", "t=0")],
    ["a number in two spellings", GOOD.replace("t=2", "t=02")],
    ["parameters in another order", GOOD.replace("m=19456,t=2", "t=2,m=19456")],
    ["padding", `${GOOD}=`],
    ["base64url", GOOD.replace("CTFhFdXPJO1", "-_FhFdXPJO1")],
    ["bits that nothing uses", `${GOOD.slice(0, -1)}9`],
    ["a short salt", GOOD.replace("c29tZXNhbHQ", "c29tZQ")],
    ["a short tag", GOOD.slice(0, -30)],
    ["something behind it", `${GOOD}$`],
    ["a line behind it", `${GOOD}\n`],
    ["nothing", ""],
  ])("refuses %s", (_, text) => {
    expect(parsePhc(GOOD)).not.toBeNull();
    expect(parsePhc(text)).toBeNull();
  });
});
