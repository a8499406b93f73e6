import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { D1ActionLinks } from "../../src/adapters/d1/action_links.ts";
import { D1Audit } from "../../src/adapters/d1/audit.ts";
import { D1MailOutbox, d1MailRecords } from "../../src/adapters/d1/mail_outbox.ts";
import { D1PairwiseSubjects } from "../../src/adapters/d1/pairwise_subjects.ts";
import { D1Perishables } from "../../src/adapters/d1/retention.ts";
import { D1SecurityEvents } from "../../src/adapters/d1/security_events.ts";
import { D1Users } from "../../src/adapters/d1/users.ts";
import { registerUser } from "../../src/issuing/register_user.ts";
import { verifyEmail } from "../../src/issuing/verify_email.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { SWEEP_ROWS, type Sweeping, sweep } from "../../src/managing/sweep.ts";
import type { MailMessage } from "../../src/ports/mail.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { someDecision } from "../support/audit_trail.ts";
import { databaseWithout, noDatabase } from "../support/broken_database.ts";
import { backstage, migrate } from "../support/issuer_world.ts";
import { openPeople, visitor } from "../support/people_world.ts";
import { someUser } from "../support/users.ts";

const DAY = 86_400_000;
const NOW = Date.now();
const { db } = backstage;
const outbox = new D1MailOutbox(db);
const users = new D1Users(db);
const KEEP = {
  sentMailMs: 7 * DAY,
  unsentMailMs: 30 * DAY,
  securityEventMs: 400 * DAY,
  auditMs: 400 * DAY,
  unconfirmedUserMs: 7 * DAY,
  unlistedCallMs: 30 * DAY,
  shadowMs: 30 * DAY,
};

beforeAll(migrate);
beforeEach(async () => {
  for (const table of ["mail_outbox", "security_events", "users", "pairwise_subjects"]) {
    await db.exec(`DELETE FROM ${table}`);
  }
});

/** A round over the file's D1, and what it said. */
async function round(nowMs = NOW, wishes: Partial<Sweeping> = {}) {
  const swept: Record<string, number> = {};
  const failed: string[] = [];
  const outcome = await sweep(
    {
      perishables: new D1Perishables(db),
      keep: KEEP,
      linkMs: null,
      swept: (what, rows) => {
        swept[what] = rows;
      },
      failed: (what) => failed.push(what),
      ...wishes,
    },
    nowMs,
  );
  return { outcome, swept, failed };
}

async function count(table: string): Promise<number> {
  return (await db.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>("n")) ?? Number.NaN;
}

function message(to: string, kind: MailMessage["kind"] = "reset_password"): MailMessage {
  return { to, kind, subject: "s", text: "the-link" };
}

const recipients = async () => (await d1MailRecords(db, true).list(100, null)).map(({ to }) => to).toSorted();
const textOf = async (to: string) => (await d1MailRecords(db, true).list(100, null)).find((one) => one.to === to)?.text;
const seqOf = async (to: string) => (await outbox.pending(100)).find((one) => one.to === to)?.seq ?? Number.NaN;

/** A user who registered `daysAgo`, and did nothing since. */
async function registered(daysAgo: number, wishes: Partial<UserRecord> = {}): Promise<UserRecord> {
  const user = someUser({ passwordHash: "$argon2id$x", createdAtMs: NOW - daysAgo * DAY, ...wishes });
  await users.insert(user, user.email);
  return user;
}

const isThere = async ({ id }: UserRecord) => (await users.find(id)) !== null;

describe("mails", () => {
  it("those that went are forgotten after their time, and those that did not after theirs", async () => {
    for (const to of ["sent-long-ago", "sent-lately", "given-up-long-ago", "given-up-lately", "waiting-long"]) {
      await outbox.send(message(to), NOW - (to.endsWith("ago") || to === "waiting-long" ? 31 : 6) * DAY);
    }
    await outbox.markSent(await seqOf("sent-long-ago"), NOW - 7 * DAY);
    await outbox.markSent(await seqOf("sent-lately"), NOW - 7 * DAY + 1);
    await outbox.giveUp(await seqOf("given-up-long-ago"), NOW - 30 * DAY);
    await outbox.giveUp(await seqOf("given-up-lately"), NOW - 5 * DAY);
    expect(await round()).toEqual({ outcome: "done", swept: { sent_mails: 1, unsent_mails: 2 }, failed: [] });
    expect(await recipients()).toEqual(["given-up-lately", "sent-lately"]);
  });

  it("where mail waits to be read, a text goes with its link; what has no link stays to be read", async () => {
    const linkMs = 900_000;
    await outbox.send(message("dead-link"), NOW - linkMs);
    await outbox.send(message("live-link"), NOW - linkMs + 1);
    await outbox.send(message("no-link", "password_changed"), NOW - DAY);
    expect((await round(NOW, { linkMs })).swept).toEqual({ link_texts: 1 });
    expect(await Promise.all(["dead-link", "live-link", "no-link"].map(textOf))).toEqual([
      null,
      "the-link",
      "the-link",
    ]);
    expect(
      (await outbox.due(9, NOW)).map(({ to }) => to),
      "and an empty mail is never sent",
    ).not.toContain("dead-link");
  });

  it("where mail is carried on, the courier alone says when a text goes: it may be late and still be sent", async () => {
    await outbox.send(message("late"), NOW - DAY / 2);
    expect((await round()).swept).toEqual({});
    expect(await textOf("late")).toBe("the-link");
  });
});

describe("security events and links", () => {
  it("are forgotten after their time and not before", async () => {
    const user = await registered(0);
    const event = (id: string, atMs: number) =>
      ({
        id,
        userId: user.id,
        kind: "everything_ended",
        reason: "admin",
        epoch: 2,
        grantId: null,
        clientId: null,
        atMs,
      }) as const;
    const events = new D1SecurityEvents(db);
    await events.record([event("old", NOW - 400 * DAY), event("young", NOW - 400 * DAY + 1)]);
    const links = new D1ActionLinks(db);
    for (const [hash, expiresAtMs] of [
      ["dead", NOW],
      ["alive", NOW + 1],
    ] as const) {
      await links.insert({
        hash,
        purpose: "reset_password",
        user: user.id,
        email: user.email,
        createdAtMs: NOW,
        expiresAtMs,
      });
    }
    expect((await round()).swept).toEqual({ security_events: 1, links: 1 });
    expect((await events.list(user.id, 9, null)).map((one) => one.event.id)).toEqual(["young"]);
    expect(await links.peek("alive", "reset_password", NOW)).not.toBeNull();
  });
});

describe("accounts that nobody confirmed", () => {
  it("go a week after their registration, with all that hangs on them, and the address is free again", async () => {
    const [over, young] = [await registered(7), await registered(6.99)];
    const confirmed = await registered(30, { emailVerified: true });
    const invited = await registered(30, { passwordHash: null });
    expect((await round()).swept).toEqual({ unconfirmed_users: 1 });
    expect(await Promise.all([over, young, confirmed, invited].map(isThere))).toEqual([false, true, true, true]);
    expect(await users.insert(someUser({ email: over.email }), over.email)).toBe("inserted");
  });

  it("stay where an operator took them in hand, and while a link is about that would confirm them", async () => {
    const [disabled, mailed] = [await registered(30), await registered(30)];
    await users.update(disabled, { ...disabled, disabled: true, version: 2 }, disabled.email, []);
    const link = {
      purpose: "reset_password",
      user: mailed.id,
      email: mailed.email,
      createdAtMs: NOW,
      expiresAtMs: NOW + 60_000,
    } as const;
    await new D1ActionLinks(db).insert({ hash: "alive", ...link });
    await round();
    expect(await Promise.all([disabled, mailed].map(isThere))).toEqual([true, true]);
    expect((await round(NOW + 60_000)).swept).toMatchObject({ unconfirmed_users: 1 });
    expect(await Promise.all([disabled, mailed].map(isThere))).toEqual([true, false]);
  });

  it("a confirmation that comes at the same time either holds or finds nothing: never a confirmed account that goes", async () => {
    const world = openPeople();
    const people: { readonly email: string; readonly token: string }[] = [];
    for (let at = 0; at < 6; at++) {
      const email = `${crypto.randomUUID()}@example.com`;
      await registerUser({ email, password: world.password }, visitor(), world.people, NOW);
      people.push({ email, token: await world.linkTo(email) });
    }
    // The link has died for the one clock, and works for the other, which is behind.
    const atMs = NOW + 8 * DAY;
    const outcomes = await Promise.all(
      people.map(async ({ email, token }) => {
        const [verified] = await Promise.all([
          verifyEmail({ token, proof: null, password: world.password }, visitor(), world.people, NOW),
          round(atMs),
        ]);
        return { isConfirmed: verified.ok, isThere: (await users.findByEmail(email)) !== null };
      }),
    );
    for (const { isConfirmed, isThere: stays } of outcomes) expect(stays).toBe(isConfirmed);
  });

  it("the loser of that race is told that the link is dead", async () => {
    const world = openPeople();
    const email = `${crypto.randomUUID()}@example.com`;
    await registerUser({ email, password: world.password }, visitor(), world.people, NOW);
    const token = await world.linkTo(email);
    const { people } = world;
    const swept: typeof people = {
      ...people,
      links: Object.assign(Object.create(people.links), {
        peek: async (...args: Parameters<typeof people.links.peek>) => {
          const link = await people.links.peek(...args);
          await round(NOW + 8 * DAY);
          return link;
        },
      }),
    };
    const entry = { token, proof: null, password: world.password };
    expect(await verifyEmail(entry, visitor(), swept, NOW)).toMatchObject({ ok: false, error: { kind: "link_dead" } });
    expect(await users.findByEmail(email)).toBeNull();
  });

  it("what sectors knew a user by goes with the user", async () => {
    const user = await registered(0, { emailVerified: true });
    const subjects = new D1PairwiseSubjects(db, platformRandom);
    const subject = await subjects.subjectOf(user.id, "one.example");
    const stranger = await subjects.subjectOf(someUser().id, "one.example");
    expect(await users.delete(user, [])).toBe("deleted");
    expect([await subjects.userOf(subject), (await subjects.userOf(stranger)) !== null]).toEqual([null, true]);
  });
});

describe("a round", () => {
  it("takes so many rows and says that more are left, until none is", async () => {
    const row = db.prepare("INSERT INTO security_events (id, user_id, kind, at) VALUES (?, 'usr_x', 'grant_ended', 0)");
    await db.batch(Array.from({ length: SWEEP_ROWS + 7 }, (_, at) => row.bind(`e${at}`)));
    expect(await round()).toMatchObject({ outcome: "more", swept: { security_events: SWEEP_ROWS } });
    expect(await round()).toMatchObject({ outcome: "done", swept: { security_events: 7 } });
    expect(await round()).toEqual({ outcome: "done", swept: {}, failed: [] });
  });

  it("events of the audit trail and its dead letters go after their time, and no others", async () => {
    const audit = new D1Audit(db);
    const letter = (messageId: string, foundAtMs: number) => ({ messageId, foundAtMs, body: "{}" });
    const [old, young] = [someDecision({ atMs: NOW - 400 * DAY }), someDecision({ atMs: NOW - 399 * DAY })];
    await audit.keep([old, young], [letter("old", NOW - 401 * DAY), letter("young", NOW)]);
    expect((await round()).swept).toEqual({ audit_events: 1, audit_dead_letters: 1 });
    expect((await audit.list(10, null, {})).map(({ event }) => event)).toEqual([young]);
    expect((await audit.deadLetters(10, null)).map(({ messageId }) => messageId)).toEqual(["young"]);
  });

  it("at once in several places takes each row once", async () => {
    const row = db.prepare("INSERT INTO security_events (id, user_id, kind, at) VALUES (?, 'usr_x', 'grant_ended', 0)");
    await db.batch(Array.from({ length: 50 }, (_, at) => row.bind(`e${at}`)));
    const rounds = await Promise.all([round(), round(), round()]);
    const total = rounds.reduce((sum, { swept }) => sum + (swept.security_events ?? 0), 0);
    expect([total, await count("security_events")]).toEqual([50, 0]);
  });

  it("one kind that cannot be swept keeps no other from being swept, and is left for the next round", async () => {
    await outbox.send(message("old"), NOW - 31 * DAY);
    await registered(30);
    const broken = new D1Perishables(databaseWithout("mail_outbox"));
    expect(await round(NOW, { perishables: broken })).toEqual({
      outcome: "failed",
      swept: { unconfirmed_users: 1 },
      failed: ["sent_mails", "unsent_mails"],
    });
    expect(await round()).toMatchObject({ outcome: "done", swept: { unsent_mails: 1 } });
  });

  it("without a database nothing is lost and everything is left", async () => {
    const user = await registered(30);
    const down = await round(NOW, { perishables: new D1Perishables(noDatabase()), linkMs: 1 });
    expect([down.outcome, down.swept, down.failed.length, await isThere(user)]).toEqual(["failed", {}, 10, true]);
  });
});
