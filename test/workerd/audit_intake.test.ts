import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseAuditEvent } from "../../src/adapters/audit_event_schema.ts";
import { D1Audit } from "../../src/adapters/d1/audit.ts";
import { need } from "../../src/bindings.ts";
import { replayDeadLetters } from "../../src/managing/replay_dead_letters.ts";
import { pauseSeconds, takeInAudit } from "../../src/managing/take_in_audit.ts";
import { deliver, message, someDecision } from "../support/audit_trail.ts";
import { noDatabase } from "../support/broken_database.ts";
import { eventually } from "../support/eventually.ts";
import { backstage, bindings, migrate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

const logs = captureLogs();
const { db } = backstage;
const audit = new D1Audit(db);
const broken = { ...env, DB: noDatabase() };

beforeAll(migrate);
beforeEach(async () => {
  for (const table of ["audit_events", "audit_dead_letters"]) await db.exec(`DELETE FROM ${table}`);
});

const kept = async () => (await audit.list(100, null, {})).map(({ event }) => event);
const ids = (messages: readonly { readonly id: string }[]) => messages.map(({ id }) => id);

describe("the consumer", () => {
  it("keeps events as they were sent, whatever order they come in", async () => {
    const events = [3_000, 1_000, 2_000].map((atMs) => someDecision({ atMs, rules: ["r1"], status: 403 }));
    const messages = events.map((event) => message(event));
    expect(await deliver(messages, env)).toMatchObject({ acked: ids(messages), retried: [] });
    expect(await kept()).toEqual([...events].sort((a, b) => b.atMs - a.atMs));
  });

  it("an event that comes twice is kept once: in one batch, in another, and by another message", async () => {
    const event = someDecision();
    await deliver([message(event), message(event)], env);
    await deliver([message(event), message({ ...event, status: 500 })], env);
    expect(await kept()).toEqual([event]);
  });

  it("nothing is acknowledged while D1 is out; mended, everything is there once", async () => {
    const messages = Array.from({ length: 40 }, () => message(someDecision()));
    const first = await deliver(messages, broken);
    expect(first.acked).toEqual([]);
    expect(ids(first.retried.map(({ msgId: id }) => ({ id })))).toEqual(ids(messages));
    expect(logs.events("audit_not_stored")).toMatchObject([{ queue: "sallyport-audit", messages: 40 }]);
    expect(logs.events("audit_undelivered")).toEqual([]);
    const again = messages.map((one) => ({ ...one, attempts: 2 }));
    expect((await deliver(again, env)).acked).toHaveLength(40);
    expect(new Set((await kept()).map(({ id }) => id)).size).toBe(40);
    expect(await kept()).toHaveLength(40);
  });

  it("a consumer that dies between storing and acknowledging has its batch once more, and doubles nothing", async () => {
    const messages = [message(someDecision()), message(someDecision())];
    const dying = messages.map((one) => ({ ...one, body: one.body }));
    await audit.keep(
      messages.map(({ body }) => body as ReturnType<typeof someDecision>),
      [],
    );
    expect((await deliver(dying, env)).acked).toHaveLength(2);
    expect(await kept()).toHaveLength(2);
  });

  it("what cannot be read becomes a dead letter, is told, and holds nobody up", async () => {
    const good = someDecision();
    const future = { ...someDecision(), v: 2 };
    const strange = [
      null,
      "text",
      { ...good, authorization: "Bearer x" },
      future,
      { ...good, rules: Array(100).fill("r") },
    ];
    const messages = [message(good), ...strange.map((body) => message(body))];
    expect((await deliver(messages, env)).acked).toHaveLength(messages.length);
    expect(await kept()).toEqual([good]);
    const letters = await audit.deadLetters(100, null);
    expect(letters.map(({ messageId }) => messageId).sort()).toEqual(ids(messages.slice(1)).sort());
    expect(logs.events("audit_message_unreadable")).toMatchObject([{ message_ids: ids(messages.slice(1)) }]);
    await deliver(messages, env);
    expect(await audit.deadLetters(100, null)).toHaveLength(strange.length);
  });

  it("a message as large as a queue takes leaves a letter that is cut", async () => {
    await deliver([message({ v: 2, text: "x".repeat(128_000) })], env);
    const [letter] = await audit.deadLetters(1, null);
    expect(letter?.body).toHaveLength(16_384);
  });

  it("behind the last queue there is none: its events go to the log too, once", async () => {
    const event = someDecision();
    const late = message(event);
    await deliver([late], broken, "sallyport-audit-dead");
    await deliver([{ ...late, attempts: 2 }], broken, "sallyport-audit-dead");
    const lines = logs.events("audit_undelivered");
    expect(lines).toHaveLength(1);
    expect(JSON.parse(String(lines[0]?.audit_event))).toEqual(event);
    expect((await deliver([{ ...late, attempts: 3 }], env, "sallyport-audit-dead")).acked).toEqual([late.id]);
    expect(await kept()).toEqual([event]);
  });

  it("each message that is put back waits for as long as its own tries ask", async () => {
    const waits: [string, number][] = [];
    const put = (id: string, attempts: number) => ({
      ...message(someDecision(), id, attempts),
      ack: () => expect.unreachable(),
      retry: ({ delaySeconds }: { readonly delaySeconds: number }) => waits.push([id, delaySeconds]),
    });
    const failing = { keep: () => Promise.reject(new Error("broken by the test")) };
    const none = () => undefined;
    const intake = { store: failing, parse: parseAuditEvent, putBack: none, unreadable: none, endangered: none };
    await takeInAudit([put("a", 1), put("b", 4), put("c", 90)], false, intake, Date.now());
    expect(waits).toEqual([
      ["a", 5],
      ["b", 40],
      ["c", 900],
    ]);
  });

  it("pauses grow to a quarter of an hour: a hundred tries take a day", () => {
    const pauses = Array.from({ length: 100 }, (_, at) => pauseSeconds(at + 1));
    expect(pauses.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(Math.max(...pauses)).toBe(900);
    expect(pauses.reduce((sum, seconds) => sum + seconds, 0)).toBeGreaterThan(23 * 3_600);
  });
});

describe("replay", () => {
  it("a letter that this version can read becomes an event, once, and the others stay", async () => {
    const events = [someDecision(), someDecision()];
    const letter = (body: unknown, at: number) => ({ messageId: `m${at}`, foundAtMs: at, body: JSON.stringify(body) });
    await audit.keep([], [letter(events[0], 1), letter({ v: 2 }, 2), letter(events[1], 3)]);
    await audit.keep([], [{ messageId: "cut", foundAtMs: 4, body: '{"v":1,"kind' }]);
    const told = async () => {
      const outcome = await replayDeadLetters(audit);
      return outcome.ok && outcome.value;
    };
    const [one, two] = await Promise.all([told(), told()]);
    expect([one, two].map((outcome) => (outcome ? outcome.value.left : null))).toEqual([2, 2]);
    expect(await told()).toEqual({ value: { replayed: 0, left: 2 }, progress: "unchanged" });
    expect((await kept()).map(({ id }) => id).sort()).toEqual(events.map(({ id }) => id).sort());
  });
});

describe("the table", () => {
  it("V16.4.2: nothing in it can be changed", async () => {
    await audit.keep([someDecision()], []);
    for (const sql of ["UPDATE audit_events SET outcome = 'denied'", "UPDATE audit_events SET at = 0"]) {
      await expect(db.prepare(sql).run()).rejects.toThrow("audit_events_are_fixed");
    }
  });
});

describe("the real queue", () => {
  it("what is sent arrives in the table, through the Worker's own consumer", async () => {
    const events = Array.from({ length: 5 }, () => someDecision());
    const queue = need(bindings, "AUDIT");
    for (const event of [...events, ...events]) await queue.send(event, { contentType: "json" });
    await eventually(async () => expect(await kept()).toHaveLength(5));
    expect((await kept()).map(({ id }) => id).sort()).toEqual(events.map(({ id }) => id).sort());
  });
});
