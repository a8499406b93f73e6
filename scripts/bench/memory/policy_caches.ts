import { MetadataCache } from "../../../src/access/metadata_cache.ts";
import { RelationAnswers } from "../../../src/access/relation_answers.ts";
import { ExternalPdp } from "../../../src/adapters/external_pdp.ts";
import { compileRelations } from "../../../src/policy/relations/relation_schema.ts";
import { RoleBook } from "../../../src/policy/role_book.ts";
import { Patterns } from "../../../src/rules/patterns.ts";
import { TimeZones } from "../../../src/rules/zoned_time.ts";
import { drop, MANY, NOTHING_ANNOUNCED, NOW_MS, names, reach, type Size, text } from "./filling.ts";

/*
 * Caches of what decisions are made of, filled as `full_caches.worker.ts` fills the others.
 */

export async function metadata(size: Size) {
  const attributes = () => ({ owner: text(24), tags: names(size === "usual" ? 2 : 40, 12) });
  const cache = new MetadataCache({ fetch: async () => ({ kind: "found", attributes: attributes() }) }, 30_000);
  for (let at = 0; at < MANY; at++) await cache.fetch(text(36), NOW_MS, drop);
  return cache;
}

export async function absentResources() {
  const cache = new MetadataCache({ fetch: async () => ({ kind: "absent" }) }, 30_000);
  for (let at = 0; at < MANY; at++) await cache.fetch(text(36), NOW_MS, drop);
  return cache;
}

export async function relationAnswers(size: Size) {
  const schema = compileRelations({ document: { viewer: "[user]" } });
  if (!schema.ok) throw new Error("no schema");
  const length = size === "usual" ? 4 : 64;
  const reads = Array.from({ length }, (_, at) => at * 61);
  const caches = [true, false].map(
    (answer) =>
      new RelationAnswers(schema.value, async (checks) => ({
        revision: 1,
        findings: checks.map(() => ({ answer, reads: [...reads] })),
      })),
  );
  const call = { nowMs: NOW_MS, view: NOTHING_ANNOUNCED, defer: drop, atLeast: 0 };
  const idLength = size === "usual" ? 26 : 250;
  for (let from = 0; from < MANY; from += 100) {
    const checks = Array.from({ length: 100 }, () => ({
      object: { type: "document", id: text(idLength) },
      relation: "viewer",
      subject: { type: "user", id: text(idLength) },
    }));
    for (const cache of caches) await cache.resolve(checks, call);
  }
  return caches;
}

export async function externalAnswers() {
  globalThis.fetch = async () => Response.json({ decision: true });
  const pdp = new ExternalPdp({
    url: "https://pdp.example.com/access/v1/evaluation",
    self: "https://gate.example.com",
    timeoutMs: 1_000,
    maxBytes: 4_096,
    cacheMs: 300_000,
    token: async () => null,
    reach,
    failed: () => undefined,
    phase: () => undefined,
  });
  for (let at = 0; at < MANY; at++) {
    const question = {
      subject: { type: "user", id: text(26) },
      action: { name: "read" },
      resource: { type: "document", id: text(36) },
    };
    await pdp.permits(question, NOW_MS, drop);
  }
  return pdp;
}

export async function permissionsOfRoles(size: Size) {
  const roles = Array.from({ length: size === "usual" ? 100 : 200 }, () => ({
    id: text(24),
    permissions: names(size === "usual" ? 10 : 40, 24),
    includes: [],
  }));
  const book = new RoleBook(1, roles);
  const ofOne = size === "usual" ? 2 : 40;
  for (let at = 0; at < MANY; at++) {
    book.permissionsOf(
      Array.from({ length: ofOne }, (_, of) => roles[(at * 7 + of * of * 13 + at * of) % roles.length]?.id ?? ""),
    );
  }
  return book;
}

/** Patterns and zones that calls come with, as far as one configuration's rules remember them. */
export async function patternsOfRules() {
  const patterns = new Patterns(256);
  const zones = new TimeZones(64);
  for (let at = 0; at < 1_000; at++) patterns.matches(text(40), text(250));
  for (const zone of Intl.supportedValuesOf("timeZone")) zones.localTime(new Date(NOW_MS), zone);
  return [patterns, zones];
}
