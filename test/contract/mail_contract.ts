import { beforeEach, describe, expect, it } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import type { Mail, MailMessage } from "../../src/ports/mail.ts";
import type { MailQueue } from "../../src/ports/mail_queue.ts";

export interface MailUnderTest {
  /** Called before each test: nothing waits then. */
  ready(): Promise<unknown>;
  /** One store, as its senders see it and as its courier does. */
  make(): Mail & MailQueue;
  broken(): Mail & MailQueue;
}

const NOW = 1_700_000_000_000;

function message(subject: string): MailMessage {
  return { to: "ada@example.com", kind: "reset_password", subject, text: `a link for ${subject}` };
}

/** What everything promises that takes mail in and lets a courier have it. */
export function mailContract({ ready, make, broken }: MailUnderTest): void {
  describe("mail and its queue", () => {
    const store = make();
    beforeEach(ready);

    const subjects = async (nowMs = NOW, limit = 30) => (await store.due(limit, nowMs)).map(({ subject }) => subject);

    async function seqOf(subject: string): Promise<number> {
      const mail = (await store.due(30, Number.MAX_SAFE_INTEGER)).find((one) => one.subject === subject);
      if (mail === undefined) throw new Error(`${subject} does not wait`);
      return mail.seq;
    }

    it("what was taken in waits as it was, to be tried at once", async () => {
      await store.send(message("one"), NOW);
      expect(await store.due(1, NOW)).toMatchObject([{ ...message("one"), createdAtMs: NOW, tries: 0 }]);
      expect([await subjects(NOW - 1), await store.nextDueMs()]).toEqual([[], NOW]);
    });

    it("the longest due comes first, and no more than were asked for", async () => {
      await store.send(message("three"), NOW + 3);
      await store.send(message("one"), NOW + 1);
      await store.send(message("two"), NOW + 2);
      expect(await subjects(NOW + 3)).toEqual(["one", "two", "three"]);
      expect(await subjects(NOW + 3, 2)).toEqual(["one", "two"]);
      expect([await subjects(NOW + 1), await store.nextDueMs()]).toEqual([["one"], NOW + 1]);
    });

    it("a try puts it off, and is counted before it is made", async () => {
      await store.send(message("one"), NOW);
      await store.countTry(await seqOf("one"), NOW + 30_000);
      expect([await subjects(NOW + 29_999), await store.nextDueMs()]).toEqual([[], NOW + 30_000]);
      expect(await store.due(1, NOW + 30_000)).toMatchObject([{ ...message("one"), tries: 1 }]);
    });

    it("with a key a mail is taken in once, also after it has gone; without one each is another", async () => {
      await store.send(message("one"), NOW, "event-1");
      await store.send(message("again"), NOW, "event-1");
      expect(await subjects()).toEqual(["one"]);
      await store.markSent(await seqOf("one"), NOW);
      await store.send(message("and again"), NOW, "event-1");
      await store.send(message("two"), NOW, "event-2");
      await store.send(message("three"), NOW);
      await store.send(message("three"), NOW);
      expect(await subjects()).toEqual(["two", "three", "three"]);
    });

    it("20 at once with one key are one mail", async () => {
      await Promise.all(Array.from({ length: 20 }, () => store.send(message("one"), NOW, "event-3")));
      expect(await subjects()).toEqual(["one"]);
    });

    it("what has gone, or was given up, waits no more, whatever is noted of it afterwards", async () => {
      for (const subject of ["sent", "given up", "waiting"]) await store.send(message(subject), NOW);
      const [sent, givenUp] = [await seqOf("sent"), await seqOf("given up")];
      await store.markSent(sent, NOW + 1);
      await store.giveUp(givenUp, NOW + 1);
      for (const seq of [sent, givenUp]) {
        await store.countTry(seq, NOW);
        await store.giveUp(seq, NOW + 2);
        await store.markSent(seq, NOW + 2);
      }
      expect(await subjects(NOW + 10)).toEqual(["waiting"]);
      await store.markSent(await seqOf("waiting"), NOW);
      expect(await store.nextDueMs()).toBeNull();
    });

    it("what cannot be reached is an outage: the caller knows that the mail was not taken", async () => {
      const down = broken();
      await expect(down.send(message("one"), NOW)).rejects.toBeInstanceOf(Outage);
      await expect(down.due(1, NOW)).rejects.toBeInstanceOf(Outage);
      await expect(down.countTry(1, NOW)).rejects.toBeInstanceOf(Outage);
      await expect(down.markSent(1, NOW)).rejects.toBeInstanceOf(Outage);
      await expect(down.giveUp(1, NOW)).rejects.toBeInstanceOf(Outage);
      await expect(down.nextDueMs()).rejects.toBeInstanceOf(Outage);
    });
  });
}
