import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditListSql, D1Audit } from "../../src/adapters/d1/audit.ts";
import type { AuditFilter, AuditPosition } from "../../src/ports/audit.ts";
import type { AuditEvent } from "../../src/protocol/audit_event.ts";
import { someDecision } from "../support/audit_trail.ts";
import { backstage, migrate } from "../support/issuer_world.ts";

const { db } = backstage;
const audit = new D1Audit(db);
const NOW = 1_800_000_000_000;

beforeAll(migrate);
beforeEach(async () => {
  await db.exec("DELETE FROM audit_events");
});

const actor = { kind: "client", id: "cli_a", issuer: "https://i", clientId: "cli_a", credentialId: "t1" } as const;

describe("filters", () => {
  const wanted = someDecision({
    atMs: NOW,
    route: "wanted",
    target: "/wanted",
    outcome: "denied",
    requestId: "r-wanted",
    kind: "key_use",
    actor: { ...actor, address: null },
  });
  const filters: readonly AuditFilter[] = [
    { kind: "key_use" },
    { actor: "cli_a" },
    { client: "cli_a" },
    { credential: "t1" },
    { route: "wanted" },
    { outcome: "denied" },
    { requestId: "r-wanted" },
    { target: "/wanted" },
    { fromMs: NOW },
    { fromMs: NOW, untilMs: NOW + 1, route: "wanted", outcome: "denied", kind: "key_use", actor: "cli_a" },
  ];

  it.each(filters)("%j finds what it names and nothing else", async (filter) => {
    await audit.keep([wanted, ...Array.from({ length: 5 }, (_, at) => someDecision({ atMs: NOW - 1 - at }))], []);
    expect((await audit.list(10, null, filter)).map(({ event }) => event)).toEqual([wanted]);
  });

  it("`until` leaves its own moment out, so that two stretches of time share nothing", async () => {
    await audit.keep([wanted], []);
    expect(await audit.list(10, null, { untilMs: NOW })).toEqual([]);
  });

  const names = ["kind", "actor", "client", "credential", "route", "outcome", "requestId", "target"] as const;
  const pairs = names.flatMap((a, at) => names.slice(at + 1).map((b) => [a, b] as const));

  async function planOf(filter: AuditFilter): Promise<string[]> {
    const { sql, values } = auditListSql(20, { atMs: NOW, seq: 7 }, filter);
    const { results } = await db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .bind(...values)
      .all<{ detail: string }>();
    return results.map(({ detail }) => detail);
  }

  it.each(names)(
    "by `%s`, with and without a stretch of time, one index finds the rows in their order",
    async (name) => {
      const index = `audit_events_by_${name === "requestId" ? "request" : name}`;
      for (const time of [{}, { fromMs: 1, untilMs: NOW }]) {
        const plan = await planOf({ [name]: "decision", ...time });
        expect(plan).toEqual([expect.stringContaining(`SEARCH audit_events USING INDEX ${index} `)]);
      }
    },
  );

  it.each([
    ["nothing", {}],
    ["a stretch of time", { fromMs: 1, untilMs: NOW }],
  ])("by %s: in the order of time", async (_, filter) => {
    expect(await planOf(filter)).toEqual([expect.stringContaining("USING INDEX audit_events_by_time")]);
  });

  it.each(pairs)("by `%s` and `%s`: an index, and nothing is sorted", async (a, b) => {
    const plan = await planOf({ [a]: "decision", [b]: "decision" });
    expect(plan).toEqual([expect.stringMatching(/^SEARCH audit_events USING INDEX audit_events_by_(?!time)/)]);
  });
});

describe("pages", () => {
  const at = (atMs: number) => someDecision({ atMs });

  async function walk(between: () => Promise<void>): Promise<AuditEvent[]> {
    const seen: AuditEvent[] = [];
    let after: AuditPosition | null = null;
    for (;;) {
      const page = await audit.list(2, after, {});
      const last = page.at(-1);
      if (last === undefined) return seen;
      seen.push(...page.map(({ event }) => event));
      after = { atMs: last.event.atMs, seq: last.seq };
      await between();
    }
  }

  it("show each event once and miss none that was there, whatever comes in meanwhile, early or late", async () => {
    const there = [NOW, NOW, NOW, NOW - 5, NOW - 5, NOW - 9, NOW - 9].map(at);
    await audit.keep(there, []);
    const seen = await walk(() => audit.keep([at(NOW + 1), at(NOW), at(NOW - 20)].slice(0, 1), []));
    expect(seen.map(({ id }) => id).sort()).toEqual(there.map(({ id }) => id).sort());
    await audit.keep([at(NOW - 100)], []);
    const again = await walk(async () => undefined);
    expect(new Set(again.map(({ id }) => id)).size).toBe(again.length);
    expect(again.map(({ atMs }) => atMs)).toEqual(again.map(({ atMs }) => atMs).sort((a, b) => b - a));
  });
});

describe("a whole batch of the queue", () => {
  it.each([
    ["events of the largest kind", () => Array.from({ length: 100 }, (_, at) => largest(at)), []],
    ["dead letters that are cut", () => [], Array.from({ length: 100 }, (_, at) => letter(at))],
  ] as const)("is kept although it is larger than any value of D1 may be: %s", async (_, events, letters) => {
    const { db: measured, largestBytes } = measuring();
    await new D1Audit(measured).keep(events(), letters);
    // D1 refuses a text of 2 MB (the local one does not), and the queue would bring the same batch for two days.
    expect(largestBytes()).toBeLessThan(1_500_000);
    expect(largestBytes(), "positive control").toBeGreaterThan(100_000);
    expect(await audit.list(200, null, { kind: "decision" })).toHaveLength(events().length);
    expect(await audit.deadLetters(200, null)).toHaveLength(letters.length);
  });

  /** The database, and how large the largest value was that was bound. */
  function measuring() {
    let largest = 0;
    const prepare = (sql: string) => {
      const statement = db.prepare(sql);
      return {
        bind(...values: unknown[]) {
          for (const value of values) largest = Math.max(largest, new TextEncoder().encode(String(value)).length);
          return statement.bind(...values);
        },
      };
    };
    const measured = { prepare, batch: (all: D1PreparedStatement[]) => db.batch(all) } as unknown as D1Database;
    return { db: measured, largestBytes: () => largest };
  }

  /** With names of three bytes a character, as a configuration may have. */
  function largest(at: number): AuditEvent {
    const text = "語".repeat(256);
    return someDecision({ atMs: NOW, requestId: `r-${at}`, route: text, rules: Array(32).fill(text), reason: text });
  }

  function letter(at: number) {
    return { messageId: `m-${at}`, foundAtMs: NOW, body: '"'.repeat(16_384) };
  }
});
