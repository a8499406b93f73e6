// Long because one contract says all that counting guesses promises, budgets of networks among it.
import { describe, expect, it } from "vitest";
import type { LockoutConfig } from "../../src/config/schema.ts";
import { Outage } from "../../src/kernel/outage.ts";
import type { Attempt, GuessBudget, Guesses } from "../../src/ports/guesses.ts";

export interface GuessesUnderTest {
  make(settings: LockoutConfig): Guesses;
  /** Each broken in its own way. */
  broken(settings: LockoutConfig): readonly Guesses[];
  /** Ends whatever of one counter is not in storage: of a login name, or of what a budget counts by. */
  restart(counter: "name" | GuessBudget, key: string): Promise<unknown>;
}

export const LOCKOUT: LockoutConfig = {
  attemptsPerAddressPerMinute: 5,
  steps: [
    { failures: 10, lockSeconds: 900 },
    { failures: 10, lockSeconds: 3_600 },
  ],
  registrationsPerAddressPerHour: 3,
  mailBurstPerRecipient: 2,
  mailsPerRecipientPerHour: 6,
  mailsPerAddressPerHour: 4,
  userCodeGuessesPerMinute: 2,
  clientFailuresPerMinute: 2,
  transactionsPerAddressPerMinute: 2,
  deviceCodesPerAddressPerMinute: 2,
  tokenRequestsPerClientPerMinute: null,
};
const T0 = Date.now();
const DAY_MS = 86_400_000;

function attempt(wishes: Partial<Attempt> = {}): Attempt {
  return { name: crypto.randomUUID(), address: crypto.randomUUID(), knownBrowser: null, ...wishes };
}

/** The same name from an address that nobody used yet. */
function elsewhere(one: Attempt): Attempt {
  return { ...one, address: crypto.randomUUID() };
}

/** How many of `attempts` were let through. */
async function letThrough(attempts: readonly Promise<unknown>[]): Promise<number> {
  return (await Promise.all(attempts)).filter((answer) => answer === null).length;
}

/** What everything promises that counts guesses (M12). */
export function guessesContract({ make, broken, restart }: GuessesUnderTest): void {
  describe("M12: guesses", () => {
    const guesses = make(LOCKOUT);

    it("five attempts a minute from one address, whatever names they try, 20 at once", async () => {
      const { address } = attempt();
      const tries = Array.from({ length: 20 }, () => guesses.begin(attempt({ address }), T0));
      expect(await letThrough(tries)).toBe(5);
      expect(await guesses.begin(attempt({ address }), T0 + 59_999)).toEqual({ retryAfterSeconds: 1 });
      expect(await guesses.begin(attempt({ address }), T0 + 60_000)).toBeNull();
    });

    it("failures in a row are told without being counted: the name's, the address's, and a known browser's own", async () => {
      const one = attempt();
      const home = { ...one, address: crypto.randomUUID(), knownBrowser: crypto.randomUUID() };
      await guesses.begin(home, T0);
      await guesses.succeeded(home, T0, home.knownBrowser);
      for (let at = 0; at < 4; at++) await guesses.begin(one, T0);
      for (let at = 0; at < 3; at++) expect(await guesses.failures(elsewhere(one), 10, T0)).toBe(4);
      expect(await guesses.failures({ ...attempt(), address: one.address }, 10, T0)).toBe(4);
      expect(await guesses.failures({ ...attempt(), address: one.address, name: null }, 10, T0)).toBe(4);
      expect(await guesses.failures({ ...one, name: null }, 10, T0 + 60_000)).toBe(0);
      expect(await guesses.failures(home, 10, T0)).toBe(0);
      expect(await guesses.failures(attempt(), 10, T0)).toBe(0);
      for (let at = 0; at < 6; at++) await guesses.begin(elsewhere(one), T0);
      expect(await guesses.failures(elsewhere(one), 100, T0)).toBeGreaterThanOrEqual(100);
    });

    it("ten failures of one name lock it, 40 at once from 40 addresses", async () => {
      const one = attempt();
      const tries = Array.from({ length: 40 }, () => guesses.begin(elsewhere(one), T0));
      expect(await letThrough(tries)).toBe(10);
      expect(await guesses.begin(elsewhere(one), T0 + 1_000)).toEqual({ retryAfterSeconds: 899 });
      expect(await guesses.begin(elsewhere(one), T0 + 900_000)).toBeNull();
    });

    it("a success forgets the name's row, and of the address its own attempt alone: an office signs in, and guesses no more", async () => {
      const one = attempt();
      const { address } = one;
      for (let at = 0; at < 4; at++) expect(await guesses.begin(attempt({ address }), T0)).toBeNull();
      for (let at = 0; at < 20; at++) {
        const colleague = at === 0 ? one : attempt({ address });
        expect(await guesses.begin(colleague, T0 + at)).toBeNull();
        await guesses.succeeded(colleague, T0 + at);
      }
      expect(await guesses.begin(attempt({ address }), T0 + 30)).toBeNull();
      expect(await guesses.begin(attempt({ address }), T0 + 30)).toEqual({ retryAfterSeconds: 60 });
      for (let failure = 0; failure < 10; failure++) expect(await guesses.begin(elsewhere(one), T0)).toBeNull();
      expect(await guesses.begin(elsewhere(one), T0)).not.toBeNull();
    });

    it("a known browser, whose attempts its address does not count, gives nothing back to it", async () => {
      const owner = attempt();
      await guesses.begin(owner, T0);
      await guesses.succeeded(owner, T0, "laptop");
      const known = { ...owner, knownBrowser: "laptop" };
      const { address } = owner;
      for (let at = 0; at < 5; at++) await guesses.begin(attempt({ address }), T0);
      await guesses.begin(known, T0);
      await guesses.giveBack(known, T0);
      await guesses.begin(known, T0);
      await guesses.succeeded(known, T0);
      expect(await guesses.begin(attempt({ address }), T0)).not.toBeNull();
    });

    it("what was given back locks nobody, and what was not does", async () => {
      const [busy, wrong] = [attempt(), attempt()];
      for (let at = 0; at < 40; at++) {
        const tried = at % 2 === 0 ? elsewhere(busy) : busy;
        expect(await guesses.begin(tried, T0)).toBeNull();
        await guesses.giveBack(tried, T0);
      }
      expect(await guesses.begin(busy, T0)).toBeNull();
      for (let at = 0; at < 10; at++) expect(await guesses.begin(elsewhere(wrong), T0)).toBeNull();
      expect(await guesses.begin(elsewhere(wrong), T0)).not.toBeNull();
      expect(await guesses.begin(attempt({ address: wrong.address }), T0)).toBeNull();
    });

    it("an attempt that the address refuses does not count against the name: one address cannot lock anyone out", async () => {
      const one = attempt();
      for (let at = 0; at < 200; at++) await guesses.begin(one, T0 + at);
      for (let failure = 0; failure < 5; failure++) expect(await guesses.begin(elsewhere(one), T0 + 300)).toBeNull();
      expect(await guesses.begin(elsewhere(one), T0 + 300)).not.toBeNull();
    });

    it("an attempt that the name refuses is given back to the address", async () => {
      const locked = attempt();
      for (let failure = 0; failure < 10; failure++) await guesses.begin(elsewhere(locked), T0);
      const { address } = attempt();
      for (let at = 0; at < 10; at++) expect(await guesses.begin({ ...locked, address }, T0)).not.toBeNull();
      const others = Array.from({ length: 10 }, () => guesses.begin(attempt({ address }), T0));
      expect(await letThrough(others)).toBe(5);
    });

    it("a browser that signed in before is let through while strangers are locked and its address is spent", async () => {
      const owner = attempt();
      await guesses.begin(owner, T0);
      await guesses.succeeded(owner, T0, "laptop");
      for (let failure = 0; failure < 30; failure++) await guesses.begin(elsewhere(owner), T0);
      for (let at = 0; at < 10; at++) await guesses.begin(attempt({ address: owner.address }), T0);
      expect(await guesses.begin(elsewhere(owner), T0)).not.toBeNull();
      expect(await guesses.begin({ ...owner, knownBrowser: "made up" }, T0)).not.toBeNull();
      expect(await guesses.begin({ ...owner, knownBrowser: "laptop" }, T0)).toBeNull();
    });

    it("a made-up browser id opens no budget of its own", async () => {
      const one = attempt();
      const tries = Array.from({ length: 40 }, (_, at) =>
        guesses.begin({ ...elsewhere(one), knownBrowser: `made up ${at}` }, T0),
      );
      expect(await letThrough(tries)).toBe(10);
    });

    it.each([
      ["registrations_by_address", 3, 3_600],
      ["mails_to_recipient", 2, 600],
      ["registrations_to_recipient", 2, 600],
      ["address_changes_to_recipient", 2, 600],
      ["mails_to_mailbox", 8, 150],
      ["registrations_to_mailbox", 8, 150],
      ["address_changes_to_mailbox", 8, 150],
      ["mails_to_known_browser", 2, 600],
      ["mails_by_address", 4, 3_600],
      ["user_codes", 2, 60],
      ["client_failures", 2, 60],
      ["transactions_by_address", 2, 60],
      ["device_codes_by_address", 2, 60],
    ] as const)("%s: %i in %i seconds, each key by itself", async (budget: GuessBudget, most, seconds) => {
      const key = crypto.randomUUID();
      expect(await letThrough(Array.from({ length: 20 }, () => guesses.take(budget, key, T0)))).toBe(most);
      expect(await guesses.take(budget, key, T0)).toEqual({ retryAfterSeconds: seconds });
      expect(await guesses.take(budget, crypto.randomUUID(), T0)).toBeNull();
      expect(await guesses.take(budget, key, T0 + seconds * 1_000)).toBeNull();
    });

    it("mails to one recipient: a burst, then one each ten minutes however many ask, through restarts", async () => {
      const key = crypto.randomUUID();
      const ask = (atMs: number) => guesses.take("mails_to_recipient", key, T0 + atMs);
      const granted: number[] = [];
      for (let second = 0; second < 3_600; second += 30) {
        if ((await ask(second * 1_000)) === null) granted.push(second);
        if (second === 900) await restart("mails_to_recipient", key);
      }
      expect(granted).toEqual([0, 30, 600, 1_200, 1_800, 2_400, 3_000]);
    });

    it("a restart forgets no failure", async () => {
      const one = attempt();
      for (let failure = 0; failure < 10; failure++) await guesses.begin(elsewhere(one), T0);
      await restart("name", one.name);
      expect(await guesses.begin(elsewhere(one), T0)).toEqual({ retryAfterSeconds: 900 });
    });

    it("a browser is known to the name that signed in in it, and to no other", async () => {
      const owner = attempt();
      await guesses.begin(owner, T0);
      await guesses.succeeded(owner, T0, "laptop");
      const asked = [
        { name: owner.name, knownBrowser: "laptop" },
        { name: owner.name, knownBrowser: "made up" },
        { name: owner.name, knownBrowser: null },
        { name: crypto.randomUUID(), knownBrowser: "laptop" },
      ];
      expect(await Promise.all(asked.map((one) => guesses.knows(one, T0)))).toEqual([true, false, false, false]);
      expect(await guesses.knows({ name: owner.name, knownBrowser: "laptop" }, T0 + 91 * DAY_MS)).toBe(false);
    });

    it("a browser that is known by a new id is known by the old one no more", async () => {
      const owner = attempt();
      await guesses.begin(owner, T0);
      await guesses.succeeded(owner, T0, "before");
      const known = { ...owner, knownBrowser: "before" };
      await guesses.begin(known, T0);
      await guesses.succeeded(known, T0, "after");
      const knows = (knownBrowser: string) => guesses.knows({ name: owner.name, knownBrowser }, T0);
      expect([await knows("before"), await knows("after")]).toEqual([false, true]);
    });

    describe("networks that an address lies in", () => {
      /** A site of 16 times an address's budget, and a home in it of 4 times. */
      function site() {
        const widest = { key: crypto.randomUUID(), times: 16 };
        const home = () => [{ key: crypto.randomUUID(), times: 4 }, widest];
        return { home, from: (networks = home()) => attempt({ networks }) };
      }

      it("a home with ever new addresses has four times the budget, a site of homes sixteen times, all at once", async () => {
        const { home } = site();
        const one = home();
        const take = (networks = home(), atMs = T0) => guesses.take("user_codes", crypto.randomUUID(), atMs, networks);
        expect(await letThrough(Array.from({ length: 12 }, () => take(one)))).toBe(8);
        expect(await letThrough(Array.from({ length: 32 }, () => take()))).toBe(24);
        expect(await take(home(), T0 + 59_000)).toEqual({ retryAfterSeconds: 1 });
        expect(await guesses.take("user_codes", crypto.randomUUID(), T0)).toBeNull();
        expect(await take(home(), T0 + 60_000)).toBeNull();
      });

      it("whoever is over the own budget takes nothing of the neighbours'", async () => {
        const { home, from } = site();
        const shared = home();
        const noisy = from(shared);
        const tries = Array.from({ length: 40 }, () => guesses.begin({ ...noisy, name: crypto.randomUUID() }, T0));
        expect(await letThrough(tries)).toBe(5);
        expect(await letThrough(Array.from({ length: 15 }, () => guesses.begin(from(shared), T0)))).toBe(15);
        expect(await guesses.begin(from(), T0)).toBeNull();
      });

      it("what is right, was not decided, or was refused by the name, is there again", async () => {
        const { home, from } = site();
        const one = home();
        const locked = attempt();
        for (let failure = 0; failure < 10; failure++) await guesses.begin(elsewhere(locked), T0);
        const free = Array.from({ length: 19 }, () => guesses.begin(from(one), T0));
        expect(await letThrough(free)).toBe(19);
        for (const atMs of [T0 + 1, T0 + 2, T0 + 3]) {
          const [right, busy, late] = [from(one), from(one), { ...from(one), name: locked.name }];
          expect(await guesses.begin(right, atMs)).toBeNull();
          await guesses.succeeded(right, atMs);
          expect(await guesses.begin(busy, atMs)).toBeNull();
          await guesses.giveBack(busy, atMs);
          expect((await guesses.begin(late, atMs))?.retryAfterSeconds).toBeGreaterThan(800);
        }
        expect(await guesses.begin(from(one), T0 + 4)).toBeNull();
        expect(await guesses.begin(from(one), T0 + 4)).toEqual({ retryAfterSeconds: 60 });
      });

      it("many at once who were all right keep no neighbour waiting once they are through", async () => {
        const { home, from } = site();
        const one = home();
        const right = Array.from({ length: 20 }, () => from(one));
        expect(await letThrough(right.map((each) => guesses.begin(each, T0)))).toBe(20);
        expect(await guesses.begin(from(one), T0)).toEqual({ retryAfterSeconds: 60 });
        await Promise.all(right.map((each) => guesses.succeeded(each, T0)));
        expect(await letThrough(Array.from({ length: 21 }, () => guesses.begin(from(one), T0 + 1)))).toBe(20);
      });

      it("a known browser is kept out by none of them", async () => {
        const { home, from } = site();
        const one = home();
        const owner = from(one);
        await guesses.begin(owner, T0);
        await guesses.succeeded(owner, T0, "laptop");
        await Promise.all(Array.from({ length: 22 }, () => guesses.begin(from(one), T0)));
        expect(await guesses.begin(from(one), T0)).not.toBeNull();
        expect(await guesses.begin({ ...owner, knownBrowser: "laptop" }, T0)).toBeNull();
      });

      it("a site that refused one address grants nothing to another that it never saw, and nothing is charged there", async () => {
        const fresh = make(LOCKOUT);
        const { home } = site();
        const networks = home();
        const take = (key: string) => fresh.take("user_codes", key, T0, networks);
        const keys = Array.from({ length: 12 }, () => crypto.randomUUID());
        expect(await letThrough(keys.map(take))).toBe(8);
        const late = crypto.randomUUID();
        expect(await take(late)).toEqual({ retryAfterSeconds: 60 });
        expect(await letThrough([1, 2, 3].map(() => fresh.take("user_codes", late, T0)))).toBe(2);
      });

      it("failures of many addresses of one home count as those of one, in proportion", async () => {
        const { home, from } = site();
        const one = home();
        for (let at = 0; at < 12; at++) await guesses.begin(from(one), T0);
        expect(await guesses.failures({ ...from(one), name: null }, 10, T0)).toBe(3);
        expect(await guesses.failures({ ...from(), name: null }, 10, T0)).toBe(0);
      });
    });

    it("what cannot be asked is an outage: uncounted guesses would be free ones", async () => {
      for (const down of broken(LOCKOUT)) {
        await expect(down.begin(attempt(), T0)).rejects.toBeInstanceOf(Outage);
        await expect(down.begin(attempt({ knownBrowser: "laptop" }), T0)).rejects.toBeInstanceOf(Outage);
        await expect(down.succeeded(attempt(), T0)).rejects.toBeInstanceOf(Outage);
        await expect(down.giveBack(attempt(), T0)).rejects.toBeInstanceOf(Outage);
        await expect(down.take("user_codes", "key", T0)).rejects.toBeInstanceOf(Outage);
        await expect(down.take("mails_to_recipient", "key", T0)).rejects.toBeInstanceOf(Outage);
        await expect(down.knows(attempt({ knownBrowser: "laptop" }), T0)).rejects.toBeInstanceOf(Outage);
      }
    });
  });
}
