import { describe, expect, it } from "vitest";
import { Argon2Passwords } from "../../src/adapters/argon2_passwords.ts";
import { HashQueue } from "../../src/adapters/hash_queue.ts";
import { Busy } from "../../src/kernel/busy.ts";
import { utf8 } from "../../src/kernel/bytes.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { formatPhc, parsePhc } from "../../src/protocol/phc_string.ts";
import { passwordsContract } from "../contract/passwords_contract.ts";

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

passwordsContract({
  make: () => passwords,
  weaker: () => new Argon2Passwords({ ...TODAY, passes: 1 }),
  stronger: () => new Argon2Passwords({ ...TODAY, passes: 3 }),
});

describe("Argon2Passwords", () => {
  it("a hash says what it was made with, and has 32 bytes of salt", async () => {
    const phc = await passwords.hash("the same words");
    expect(phc).toMatch(/^\$argon2id\$v=19\$m=1024,t=2,p=1\$/);
    expect(parsePhc(phc)?.salt).toHaveLength(32);
  });

  it.each(VECTORS)(
    "RFC 9106: t=%i m=%i of %s with %s is the reference's",
    async (passes, memoryKiB, text, salt, tag) => {
      const phc = formatPhc({ memoryKiB, passes, salt: utf8(salt), tag: hex(tag) });
      expect(await passwords.verify(text, phc)).toMatchObject({ matches: true });
      expect(await passwords.verify(`${text}!`, phc)).toMatchObject({ matches: false });
    },
  );

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
});

describe("a hash from before the cost was raised", () => {
  const PASSWORD = "the same words";
  const CHEAPER = [
    { memoryKiB: 1024, passes: 1 },
    { memoryKiB: 256, passes: 2 },
    { memoryKiB: 19, passes: 1 },
    { memoryKiB: 900, passes: 2 },
    { memoryKiB: 400, passes: 4 },
  ];
  const NOTHING_TO_ADD = [
    { memoryKiB: 1024, passes: 2 },
    { memoryKiB: 2041, passes: 1 },
    { memoryKiB: 4096, passes: 1 },
  ];

  type Computed = { memorySize: number; passes: number; tagLength: number };

  /** The hashes that `verify` computes, and the turns of the queue that they take. */
  async function computedFor(password: string, phc: string | null) {
    const computed: Computed[] = [];
    let turns = 0;
    const queue = new (class extends HashQueue {
      override run<T>(work: () => T): Promise<T> {
        turns += 1;
        return super.run(work);
      }
    })();
    const compute = ({ memorySize, passes, tagLength }: Computed) => {
      computed.push({ memorySize, passes, tagLength });
      return new Uint8Array(tagLength);
    };
    await new Argon2Passwords({ ...TODAY, queue, compute }).verify(password, phc);
    return { computed, turns };
  }

  /** Passes over a KiB, which the time goes with. */
  const timeOf = (computed: readonly Computed[]) =>
    computed.reduce((sum, { memorySize, passes }) => sum + memorySize * passes, 0);

  it.each(CHEAPER.flatMap((stored) => ["a wrong one of mine", ""].map((tried) => ({ ...stored, tried }))))(
    "of $memoryKiB KiB and $passes passes takes the time of nobody's, with '$tried'",
    async ({ tried, ...stored }) => {
      const phc = await new Argon2Passwords({ ...TODAY, ...stored }).hash(PASSWORD);
      const [known, nobody] = [await computedFor(tried, phc), await computedFor(tried, null)];
      expect(known.computed).toHaveLength(2);
      expect(timeOf(known.computed) / timeOf(nobody.computed)).toBeCloseTo(1, 2);
      expect(known.turns, "another turn could be told by what passes between two").toBe(1);
      for (const { memorySize, passes } of known.computed) {
        expect(memorySize).toBeLessThanOrEqual(TODAY.memoryKiB);
        expect(memorySize).toBeGreaterThanOrEqual(8);
        expect(passes).toBeGreaterThanOrEqual(1);
      }
    },
  );

  it.each(NOTHING_TO_ADD)("of $memoryKiB KiB and $passes passes is computed alone", async (stored) => {
    const phc = await new Argon2Passwords({ ...TODAY, ...stored }).hash(PASSWORD);
    const { computed } = await computedFor("a wrong one of mine", phc);
    expect(computed).toMatchObject([{ memorySize: stored.memoryKiB, passes: stored.passes }]);
  });

  it.each([...CHEAPER, ...NOTHING_TO_ADD])(
    "of $memoryKiB KiB and $passes passes is that of its password",
    async (stored) => {
      const phc = await new Argon2Passwords({ ...TODAY, ...stored }).hash(PASSWORD);
      expect(await passwords.verify(PASSWORD, phc)).toMatchObject({ matches: true });
      expect(await passwords.verify(`${PASSWORD}!`, phc)).toMatchObject({ matches: false });
    },
  );
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
