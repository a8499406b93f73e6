import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { carriedMail, remoteMailCourier } from "../../src/adapters/carried_mail.ts";
import { D1MailOutbox } from "../../src/adapters/d1/mail_outbox.ts";
import { need } from "../../src/bindings.ts";
import { Outage } from "../../src/kernel/outage.ts";
import type { MailMessage } from "../../src/ports/mail.ts";
import type { MailCarrier, MailQueue } from "../../src/ports/mail_queue.ts";
import { databaseWithout } from "../support/broken_database.ts";
import { backstage, bindings, migrate } from "../support/issuer_world.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { rewire } from "../support/rewired_object.ts";

const logs = captureLogs();
const outbox = new D1MailOutbox(backstage.db);
/** Ahead of the real clock, so that no alarm rings but when a test rings it. */
const START = Date.now() + 3_600_000;
const LINK = secret("the-link-that-opens-the-account");
const DAY = 86_400_000;

beforeAll(migrate);

let nowMs = START;

beforeEach(async () => {
  nowMs = START;
  vi.spyOn(Date, "now").mockImplementation(() => nowMs);
  await backstage.db.exec("DELETE FROM mail_outbox");
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Takes mails, and refuses those to whom a test says. */
class RecordingCarrier {
  readonly carried: string[] = [];
  readonly refused = new Set<string>();
  atOnce = 0;
  mostAtOnce = 0;

  async carry({ to }: MailMessage): Promise<void> {
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    await Promise.resolve();
    this.atOnce -= 1;
    if (this.refused.has(to) || this.refused.has("everyone")) throw new Outage("email", { cause: "E_REFUSED" });
    this.carried.push(to);
  }
}

function message(to: string): MailMessage {
  return { to, kind: "reset_password", subject: "a link", text: LINK };
}

/** A courier of its own, on the file's D1, with a carrier that the test holds; or one that has nothing to carry by. */
async function newCourier({ isOff = false } = {}) {
  const stub = need(bindings, "MAILS").getByName(crypto.randomUUID());
  const carrier = new RecordingCarrier();
  const wiring: { queue: MailQueue; readonly carrier: MailCarrier } = { queue: outbox, carrier };
  const rewired = () => rewire(stub, isOff ? null : wiring);
  await rewired();
  const mail = carriedMail(
    outbox,
    remoteMailCourier(() => stub),
  );
  const alarmInMs = () =>
    runInDurableObject(stub, async (_, state) => {
      const alarm = await state.storage.getAlarm();
      return alarm === null ? null : alarm - nowMs;
    });
  return {
    stub,
    carrier,
    wiring,
    rewired,
    alarmInMs,
    send: (to: string) => mail.send(message(to), nowMs),
    /** Lets time go by up to the next alarm, and rings it. False where none is set. */
    ring: async () => {
      const delayMs = await alarmInMs();
      if (delayMs !== null) nowMs += Math.max(0, delayMs);
      return runDurableObjectAlarm(stub);
    },
  };
}

function row(to: string) {
  const sql = "SELECT body, tries, sent_at, given_up_at FROM mail_outbox WHERE recipient = ?";
  return backstage.db.prepare(sql).bind(to).first();
}

describe("MailCourier: carrying", () => {
  it("carries a mail within a second or so, behind its request, and forgets its text", async () => {
    const { send, carrier, alarmInMs, ring } = await newCourier();
    await send("ada@example.org");
    expect(carrier.carried, "no request waits for mail").toEqual([]);
    expect(await alarmInMs()).toBeLessThanOrEqual(1_000);
    await ring();
    expect(carrier.carried).toEqual(["ada@example.org"]);
    expect(await row("ada@example.org")).toEqual({ body: "", tries: 1, sent_at: nowMs, given_up_at: null });
  });

  it("each mail once, however often it looks, and a few at a time", async () => {
    const { send, carrier, ring } = await newCourier();
    const everybody = Array.from({ length: 20 }, (_, at) => `p${at}@example.org`);
    await Promise.all(everybody.map(send));
    for (let turn = 0; turn < 5; turn++) await ring();
    expect(carrier.carried.toSorted()).toEqual(everybody.toSorted());
    expect(carrier.mostAtOnce).toBeLessThanOrEqual(6);
  });

  it("rests when nothing waits", async () => {
    const { send, ring, alarmInMs } = await newCourier();
    await send("ada@example.org");
    let turns = 0;
    while (await ring()) expect(++turns).toBeLessThan(12);
    expect([await alarmInMs(), nowMs - START]).toEqual([null, 60_000]);
  });
});

describe("MailCourier: what is not taken", () => {
  it("is tried again, later each time, until it is taken, and the log says why without saying who", async () => {
    const { send, carrier, ring } = await newCourier();
    carrier.refused.add("ada@example.org");
    await send("ada@example.org");
    const tries: number[] = [];
    for (let turn = 0; turn < 40 && tries.length < 8; turn++) {
      const before = logs.events("mail_not_taken").length;
      await ring();
      if (logs.events("mail_not_taken").length > before) tries.push(nowMs);
    }
    const pauses = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
    expect(pauses).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 960_000, 1_920_000]);
    expect(logs.events("mail_not_taken")[0]).toMatchObject({ kind: "reset_password", tries: 0, error: "E_REFUSED" });
    carrier.refused.clear();
    await ring();
    expect(carrier.carried).toEqual(["ada@example.org"]);
    expect(await row("ada@example.org")).toMatchObject({ body: "", tries: 9 });
    expect(logs.lines.join()).not.toContain("ada@example.org");
  });

  it("holds up nobody else's mail", async () => {
    const { send, carrier, ring } = await newCourier();
    const refused = Array.from({ length: 12 }, (_, at) => `bad${at}@example.org`);
    for (const to of refused) carrier.refused.add(to);
    for (const to of [...refused, "ada@example.org"]) await send(to);
    await ring();
    expect(carrier.carried).toEqual(["ada@example.org"]);
  });

  it("is given up after a day, and its text is forgotten", async () => {
    const { send, carrier, ring, alarmInMs } = await newCourier();
    carrier.refused.add("everyone");
    await send("ada@example.org");
    let turns = 0;
    while (await ring()) expect(++turns).toBeLessThan(60);
    expect(await row("ada@example.org")).toMatchObject({ body: "", sent_at: null, given_up_at: nowMs });
    expect(nowMs - START).toBeGreaterThanOrEqual(DAY);
    expect(nowMs - START).toBeLessThanOrEqual(DAY + 3_600_000);
    expect(logs.events("mail_given_up")).toMatchObject([{ kind: "reset_password" }]);
    carrier.refused.clear();
    await send("eve@example.org");
    await ring();
    expect([carrier.carried, (await alarmInMs()) === null]).toEqual([["eve@example.org"], false]);
  });

  it("a mail of last week is not sent when mail is configured today", async () => {
    await outbox.send(message("old@example.org"), START - 7 * DAY);
    const { send, carrier, ring } = await newCourier();
    await send("new@example.org");
    await ring();
    expect(carrier.carried).toEqual(["new@example.org"]);
    expect(await row("old@example.org")).toMatchObject({ body: "", given_up_at: nowMs });
  });
});

describe("MailCourier: deaths and outages", () => {
  it("a sender that dies between the courier and its write loses nothing: it is looked for again", async () => {
    const { stub, carrier, ring } = await newCourier();
    await stub.expect();
    expect(await ring()).toBe(true);
    await outbox.send(message("late@example.org"), nowMs);
    expect(await ring()).toBe(true);
    expect(carrier.carried).toEqual(["late@example.org"]);
  });

  it("an eviction loses nothing", async () => {
    const { stub, send, carrier, rewired, ring } = await newCourier();
    await send("ada@example.org");
    await evictDurableObject(stub);
    await rewired();
    await ring();
    expect(carrier.carried).toEqual(["ada@example.org"]);
  });

  it("without a courier no mail is taken: its sender is told", async () => {
    const mail = carriedMail(
      outbox,
      remoteMailCourier(() => ({ expect: () => Promise.reject(new Error("gone")) })),
    );
    await expect(mail.send(message("ada@example.org"), nowMs)).rejects.toBeInstanceOf(Outage);
    expect(await row("ada@example.org")).toBeNull();
  });

  it("a queue that cannot be read is looked into again and again, and then carried", async () => {
    const { send, carrier, wiring, ring, alarmInMs } = await newCourier();
    wiring.queue = new D1MailOutbox(databaseWithout("mail_outbox"));
    await send("ada@example.org");
    for (let turn = 0; turn < 12; turn++) {
      expect(await ring()).toBe(true);
      expect(await alarmInMs()).toBeLessThanOrEqual(60_000);
    }
    expect([carrier.carried, logs.events("mail_queue_failed").length]).toEqual([[], 12]);
    wiring.queue = outbox;
    await ring();
    expect(carrier.carried).toEqual(["ada@example.org"]);
  });

  it("a departure that cannot be noted is repeated after a pause, not at once", async () => {
    const { send, carrier, wiring, ring } = await newCourier();
    const { markSent } = outbox;
    const noted = { isBroken: true };
    wiring.queue = Object.assign(Object.create(outbox), {
      due: outbox.due.bind(outbox),
      countTry: outbox.countTry.bind(outbox),
      nextDueMs: outbox.nextDueMs.bind(outbox),
      markSent: (seq: number, atMs: number) =>
        noted.isBroken ? Promise.reject(new Outage("d1")) : markSent.call(outbox, seq, atMs),
    });
    await send("ada@example.org");
    await ring();
    const firstMs = nowMs;
    noted.isBroken = false;
    for (let turn = 0; turn < 10 && carrier.carried.length < 2; turn++) await ring();
    expect(carrier.carried).toEqual(["ada@example.org", "ada@example.org"]);
    expect(nowMs - firstMs).toBeGreaterThanOrEqual(30_000);
  });

  it("a courier whose mail was switched off leaves everything where it is", async () => {
    const { send, carrier, ring } = await newCourier({ isOff: true });
    await send("ada@example.org");
    let turns = 0;
    while (await ring()) expect(++turns).toBeLessThan(12);
    expect([carrier.carried, await row("ada@example.org")]).toMatchObject([[], { body: LINK, tries: 0 }]);
  });
});
