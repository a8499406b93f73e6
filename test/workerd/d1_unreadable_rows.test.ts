import { beforeAll, describe, expect, it } from "vitest";
import { D1ActionLinks } from "../../src/adapters/d1/action_links.ts";
import { D1Audit } from "../../src/adapters/d1/audit.ts";
import { D1ConfigVersions } from "../../src/adapters/d1/config_versions.ts";
import { D1KeyLeaks } from "../../src/adapters/d1/key_leaks.ts";
import { D1MailOutbox, d1MailRecords } from "../../src/adapters/d1/mail_outbox.ts";
import { D1Outbox } from "../../src/adapters/d1/outbox.ts";
import { D1SecurityEvents } from "../../src/adapters/d1/security_events.ts";
import type { UserId } from "../../src/protocol/ids.ts";
import { someDecision } from "../support/audit_trail.ts";
import { backstage, migrate } from "../support/issuer_world.ts";

const { db } = backstage;
const NOW = 1_800_000_000_000;

beforeAll(migrate);

/** A database whose every row lacks what is asked for: what a newer release, or a hand, may have left. */
function withRow(row: Readonly<Record<string, unknown>>): D1Database {
  const results = { results: [row], success: true, meta: { changes: 1 } };
  const statement = { bind: () => statement, all: async () => results, first: async () => row };
  return { prepare: () => statement, batch: async () => [results, results] } as never;
}

const odd = withRow({ seq: "one", hash: 1, detail: "{", version: null });
const user = "usr_someone" as UserId;
const unknownEvent = withRow({
  ...{
    seq: 1,
    id: "a",
    kind: "decision",
    at: NOW,
    request_id: "r",
    actor_kind: "nobody",
    actor_id: null,
    client_id: null,
  },
  ...{ credential_id: null, address: null, action: "GET", target: null, route: null, outcome: "allowed", reason: null },
  detail: JSON.stringify({ v: 2 }),
});

it.each<[string, () => Promise<unknown>]>([
  ["a link", () => new D1ActionLinks(odd).peek("h", "reset_password", NOW)],
  ["a mail", () => new D1MailOutbox(odd).due(1, NOW)],
  ["a mail for operators", () => d1MailRecords(odd, false).list(1, null)],
  ["a security event", () => new D1SecurityEvents(odd).list(user, 1, null)],
  ["an event of the trail", () => new D1Audit(odd).list(1, null, {})],
  ["an event of the trail in the words of another version", () => new D1Audit(unknownEvent).list(1, null, {})],
  ["a dead letter", () => new D1Audit(odd).deadLetters(1, null)],
  ["a version of the configuration", () => new D1ConfigVersions(odd).current()],
  ["a string of a key", () => new D1KeyLeaks(odd, null).known(["h"])],
  ["an entry for the feed", () => new D1Outbox(odd).peek(1)],
])("%s that cannot be read is an outage of the database, and no fault of ours", async (_, read) => {
  await expect(read()).rejects.toMatchObject({ dependency: "d1", cause: "unreadable row" });
});

describe("what a newer release left in a queue before it was taken back", () => {
  it("holds up no mail: it waits for that release", async () => {
    const insert = db.prepare(
      "INSERT INTO mail_outbox (recipient, kind, subject, body, created_at, due_at) VALUES ('a@b.c', ?, ?, '', ?, ?)",
    );
    await db.batch([insert.bind("of_tomorrow", "new", 1, 1), insert.bind("reset_password", "old", 2, 2)]);
    const outbox = new D1MailOutbox(db);
    expect((await outbox.due(1, NOW)).map(({ subject }) => subject)).toEqual(["old"]);
    await outbox.markSent((await outbox.due(1, NOW))[0]?.seq ?? -1, NOW);
    expect([await outbox.nextDueMs(), await outbox.due(9, NOW)]).toEqual([null, []]);
    const left = await db.prepare("SELECT kind, sent_at FROM mail_outbox WHERE kind = 'of_tomorrow'").first();
    expect(left).toEqual({ kind: "of_tomorrow", sent_at: null });
  });

  it("holds up no revocation", async () => {
    const insert = db.prepare("INSERT INTO outbox (kind, subject, epoch, until, project) VALUES (?, ?, 1, ?, '[]')");
    await db.batch([insert.bind("of_tomorrow", "x", NOW), insert.bind("token", "t1", NOW)]);
    expect((await new D1Outbox(db).peek(1)).map(({ entry }) => entry.id)).toEqual(["t1"]);
  });
});

it("positive control: what this release wrote is read", async () => {
  const audit = new D1Audit(db);
  await audit.keep([someDecision({ requestId: "r-control" })], []);
  expect(await audit.list(1, null, { requestId: "r-control" })).toHaveLength(1);
});
