import { describe, expect, it } from "vitest";
import { Argon2Passwords } from "../../src/adapters/argon2_passwords.ts";
import { HashQueue } from "../../src/adapters/hash_queue.ts";
import { Busy } from "../../src/kernel/busy.ts";
import { utf8 } from "../../src/kernel/bytes.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { formatPhc, parsePhc } from "../../src/protocol/phc_string.ts";

const TODAY = { memoryKiB: 1024, passes: 2, random: platformRandom };
const passwords = new Argon2Passwords(TODAY);

function hex(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array((text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
}

/** The published vectors of the reference implementation (phc-winner-argon2, test.c, version 19, Argon2id). */
const VECTORS: readonly (readonly [number, number, string, string, string])[] = [
  [2, 65_536, "password", "somesalt", "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"],
  [2, 256, "password", "somesalt", "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"],
];

describe("Argon2Passwords", () => {
  it.each(VECTORS)(
    "RFC 9106: t=%i m=%i of %s with %s is the reference's",
    async (passes, memoryKiB, text, salt, tag) => {
      const phc = formatPhc({ memoryKiB, passes, salt: utf8(salt), tag: hex(tag) });
      expect(await passwords.verify(text, phc)).toMatchObject({ matches: true });
      expect(await passwords.verify(`${text}!`, phc)).toMatchObject({ matches: false });
    },
  );

  it("two equal passwords have different hashes, each with its parameters and 32 bytes of salt", async () => {
    const [one, two] = await Promise.all([passwords.hash("the same words"), passwords.hash("the same words")]);
    expect(one).not.toBe(two);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=1024,t=2,p=1\$/);
    expect(parsePhc(one)?.salt).toHaveLength(32);
    expect(await passwords.verify("the same words", one)).toEqual({ matches: true, outdated: false });
  });

  it.each([
    ["one character less", "x".repeat(127)],
    ["the first 63", "x".repeat(63)],
    ["a space behind", `${"x".repeat(127)}y `],
    ["another case", `${"x".repeat(127)}Y`],
    ["shorter than any password that was ever set", "x"],
    ["nothing", ""],
  ])("the whole of a long password counts: %s does not match", async (_, other) => {
    const phc = await passwords.hash(`${"x".repeat(127)}y`);
    expect(await passwords.verify(`${"x".repeat(127)}y`, phc)).toMatchObject({ matches: true });
    expect(await passwords.verify(other, phc)).toMatchObject({ matches: false });
  });

  it("a hash of less cost than today's is outdated, one of more is not", async () => {
    const phc = await new Argon2Passwords({ ...TODAY, passes: 1 }).hash("grows old with time");
    expect(await passwords.verify("grows old with time", phc)).toEqual({ matches: true, outdated: true });
    const dearer = await new Argon2Passwords({ ...TODAY, passes: 3 }).hash("grows old with time");
    expect(await passwords.verify("grows old with time", dearer)).toEqual({ matches: true, outdated: false });
  });

  it("an account that does not exist costs a whole hash, and so does a password that is too short", async () => {
    const works: unknown[] = [];
    const counting = new (class extends HashQueue {
      override run<T>(work: () => T): Promise<T> {
        works.push(work);
        return super.run(work);
      }
    })();
    const counted = new Argon2Passwords({ ...TODAY, queue: counting });
    expect(await counted.verify("no such account", null)).toEqual({ matches: false, outdated: false });
    expect(await counted.verify("", null)).toEqual({ matches: false, outdated: false });
    expect(works).toHaveLength(2);
  });

  it("a stored hash that cannot be read is a fault, not a wrong password", async () => {
    await expect(passwords.verify("whatever it may be", "$2b$10$x")).rejects.toThrow("cannot be read");
  });
});

describe("HashQueue", () => {
  it("runs one at a time in order, lets eight wait, and turns away the next with a time to come back", async () => {
    const queue = new HashQueue(8);
    const order: number[] = [];
    const runs = Array.from({ length: 12 }, (_, at) => queue.run(() => order.push(at)));
    const settled = await Promise.allSettled(runs);
    const turnedAway = settled.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(turnedAway).toHaveLength(3);
    for (const reason of turnedAway) {
      expect(reason).toBeInstanceOf(Busy);
      expect(reason.retryAfterSeconds).toBe(1);
    }
    expect(await queue.run(() => "free again")).toBe("free again");
  });

  it("a work that throws gives its place back", async () => {
    const queue = new HashQueue(0);
    const broken = () => {
      throw new Error("broken by the test");
    };
    await expect(queue.run(broken)).rejects.toThrow("broken by the test");
    expect(await queue.run(() => 1)).toBe(1);
  });
});
