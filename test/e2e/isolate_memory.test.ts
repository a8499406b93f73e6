import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { weighFullCaches } from "../../scripts/bench/memory/full_caches.ts";

/*
 * What an isolate remembers has an end. DESIGN: under 64 MB with full caches; what is left of that is for the code and the configuration.
 */
const BOUND_MIB = 60;
const SRC = fileURLToPath(new URL("../../src", import.meta.url));
const FILLERS = ["full_caches.worker.ts", "policy_caches.ts"].map((name) =>
  fileURLToPath(new URL(`../../scripts/bench/memory/${name}`, import.meta.url)),
);

/** Maps and sets that live as long as their isolate, and what bounds each. Whoever adds one says here what bounds it. */
const BOUNDED: Readonly<Record<string, string>> = {
  "access/explain/recorded_relations.ts #found": "what one explanation asks; gone when it is told",
  "access/explain/recorded_relations.ts #looked": "100 of one explanation; gone when it is told",
  "access/key_uses.ts #waiting": "1,000 keys",
  "access/shadow_counts.ts #differences":
    "100 ways to differ, and those of each run counted together, with 3 examples each",
  "access/shadow_counts.ts #runs": "4 runs",
  "access/signal_watch.ts #due": "200 principals",
  "access/unlisted_calls.ts #waiting": "100 shapes, and one for all others of each kind",
  "adapters/audit_queue.ts #onTheWay": "500 events",
  "adapters/hash_queue.ts #places": "as many as the queue has places",
  "adapters/jose_token_signer.ts #open": "one key for each algorithm",
  "adapters/jose_token_signer.ts #triedAtMs": "one time for each algorithm",
  "adapters/jose_verification_keys.ts #imported": "the 100 keys that a published set may have",
  "adapters/memory_limiter.ts #kept": "10,000 counters and 3 MiB",
  "authorizer/held_bodies.ts #bySender": "those whose bodies are held now, which have a bound in bytes",
  "issuing/address_pace.ts #paces": "one for an address, and one for each size of network that it lies in",
  "kernel/kept.ts #held": "what one configuration asks for",
  "kernel/lru.ts #entries": "the bounds it is made with",
  "kernel/shared_readings.ts #running":
    "1,000 readings, or as many as it is made for; those that never settle are forgotten",
  "limits/slots.ts #held": "as many as an origin has places",
  "openapi/compile_schema.ts #nodes": "the schemas of one document; gone when it is compiled",
  "policy/relations/check_run.ts #buckets": "one question's nodes",
  "policy/relations/check_run.ts #objects": "one question's nodes; gone when it is answered",
  "policy/relations/check_run.ts #sets": "one question's nodes; gone when it is answered",
  "policy/relations/check_run.ts #unknowns": "1,000 of one question; gone when it is answered",
  "policy/relations/join_levels.ts #places": "10,000 of one level; gone when it is answered",
  "policy/relations/list_objects.ts #lookedUp": "2,000 of one list; gone when it is answered",
  "policy/relations/list_objects.ts #places": "2,000 rows a level of one list; gone when it is answered",
  "policy/relations/list_subjects.ts #parents": "2,000 of one list; gone when it is answered",
  "policy/relations/list_subjects.ts #read": "2,000 of one list; gone when it is answered",
  "protocol/edge_feed.ts #entries":
    "the feed itself: each entry names the end after which it is forgotten, and none may be dropped before",
  "rules/compile_rule.ts #languages": "one for each type of resources that one configuration has rules about",
  "rules/zoned_time.ts #zones": "64 zones of one configuration, whatever its types; then it begins anew",
};

/** Caches that `full_caches.worker.ts` does not fill by themselves. */
const NOT_FILLED: Readonly<Record<string, string>> = {
  "adapters/joined_takes.ts": "one for each subject that is asked for now; 4 MiB",
  "issuing/client_cache.ts": "the issuer's",
  "issuing/relation_desk.ts": "the issuer's",
  "limits/local_pace.ts": "filled by the count of unlisted calls",
  "limits/refused_keys.ts": "the issuer's",
};

/** Files of the rooms that an authorizer's isolate runs, with their text. */
function sources(): readonly (readonly [path: string, text: string])[] {
  const all = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  const remembered = all.filter((path) => !/^(?:objects|admin|issuer|managing|ports)\//.test(path));
  return remembered.map((path) => [path, readFileSync(join(SRC, path), "utf8")] as const);
}

test("every map and set that an isolate keeps has a bound", () => {
  const kept = sources().flatMap(([path, text]) =>
    [...text.matchAll(/^ {2}(?:readonly )?(#\w+)(?:: [^=\n]+)? = new (?:Map|Set)\b/gm)].map(
      ([, field]) => `${path} ${field}`,
    ),
  );
  expect(kept.toSorted()).toEqual(Object.keys(BOUNDED).toSorted());
});

test("every cache is among those that are weighed", () => {
  const filler = FILLERS.map((path) => readFileSync(path, "utf8")).join("\n");
  const caches = sources().flatMap(([path, text]) => (/ = new Lru\b/.test(text) ? [path] : []));
  expect(caches.length).toBeGreaterThan(8);
  expect(caches.filter((path) => !filler.includes(`src/${path}"`)).toSorted()).toEqual(
    Object.keys(NOT_FILLED).toSorted(),
  );
});

test.each(["usual", "large"] as const)(
  "with %s entries all of them together stay small when they are full",
  async (size) => {
    const { liveMiB, emptyMiB } = await weighFullCaches(size, false);
    console.info(`${size}: ${liveMiB.toFixed(1)} MiB`);
    expect(liveMiB).toBeLessThan(BOUND_MIB);
    expect(liveMiB - emptyMiB, "positive control: they were filled").toBeGreaterThan(30);
  },
);
