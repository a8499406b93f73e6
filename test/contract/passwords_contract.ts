import { describe, expect, it } from "vitest";
import { Busy } from "../../src/kernel/busy.ts";
import type { Passwords } from "../../src/ports/passwords.ts";
import { parsePhc } from "../../src/protocol/phc_string.ts";

export interface PasswordsUnderTest {
  /** With today's parameters; the same queue each time, as in one isolate. */
  make(): Passwords;
  /** With parameters of less cost, and of more. */
  weaker(): Passwords;
  stronger(): Passwords;
}

const WORDS = "the same words";

/** What every hasher of passwords promises. */
export function passwordsContract({ make, weaker, stronger }: PasswordsUnderTest): void {
  describe("passwords", () => {
    const passwords = make();

    it("two equal passwords have different hashes, each with its own salt, of which each matches", async () => {
      const [one, two] = await Promise.all([passwords.hash(WORDS), passwords.hash(WORDS)]);
      expect(one).not.toBe(two);
      expect(parsePhc(one)?.salt).not.toEqual(parsePhc(two)?.salt);
      for (const phc of [one, two]) {
        expect(phc).not.toContain(WORDS);
        expect(await passwords.verify(WORDS, phc)).toEqual({ matches: true, outdated: false });
        expect(await passwords.verify(`${WORDS}!`, phc)).toMatchObject({ matches: false });
      }
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

    it("what was made with weaker parameters still matches and is outdated; with stronger ones it is not", async () => {
      expect(await passwords.verify(WORDS, await weaker().hash(WORDS))).toEqual({ matches: true, outdated: true });
      expect(await passwords.verify(WORDS, await stronger().hash(WORDS))).toEqual({ matches: true, outdated: false });
    });

    it("nothing matches an account that does not exist", async () => {
      for (const password of [WORDS, ""]) {
        expect(await passwords.verify(password, null)).toEqual({ matches: false, outdated: false });
      }
    });

    it("a stored hash that cannot be read is a fault, not a wrong password", async () => {
      await expect(passwords.verify("whatever it may be", "$2b$10$x")).rejects.toThrow("cannot be read");
    });

    it("of forty at once each is answered rightly or turned away with a time to come back, and then it works again", async () => {
      const phc = await passwords.hash(WORDS);
      const tries = Array.from({ length: 40 }, (_, at) => passwords.verify(at % 2 === 0 ? WORDS : "wrong words", phc));
      const settled = await Promise.allSettled(tries);
      const turnedAway = settled.filter(({ status }) => status === "rejected");
      expect(turnedAway.length).toBeGreaterThan(0);
      expect(turnedAway.length).toBeLessThan(40);
      for (const [at, one] of settled.entries()) {
        if (one.status === "fulfilled") expect(one.value.matches).toBe(at % 2 === 0);
        else expect(one.reason).toBeInstanceOf(Busy);
      }
      expect(await passwords.verify(WORDS, phc)).toMatchObject({ matches: true });
    });
  });
}
