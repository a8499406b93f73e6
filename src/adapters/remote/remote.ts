import { orOutage } from "../../kernel/outage.ts";
import type { ConfigReader } from "../../ports/config_reader.ts";
import type { EdgeFeedReader, EdgeFeedWriter } from "../../ports/edge_feed.ts";
import type { IssuerReader } from "../../ports/issuer_reader.ts";
import type { KeyRing, PublishedKeys } from "../../ports/key_ring.ts";
import type { OutboxCourier } from "../../ports/outbox.ts";
import { parseApiKeyRecord } from "../kv_api_keys.ts";
import { parsePublishedRoles } from "../published_roles_schema.ts";
import { parseSessionStanding } from "../session_standing_schema.ts";
import { parseSubjects } from "../subject_record_schema.ts";
import { parseToldRelated, parseToldRelations } from "../told_relations_schema.ts";

/**
 * Ports over RPC. Each call makes its own stub, for a stub belongs to the request that made it, has a deadline, and turns
 * whatever goes wrong into an `Outage`.
 */
const FEED_DEADLINE_MS = 5_000;
/** A ring answers from its storage; the first time it makes keys, and goes on with that when nobody waits any more. */
const RING_READ_DEADLINE_MS = 10_000;
/** An operator waits for RSA keys. */
const RING_ROTATE_DEADLINE_MS = 20_000;
/** A first request may wait for it. */
const CONFIG_DEADLINE_MS = 2_000;
/** The issuer's round trips to the store together. */
export const RELATIONS_DEADLINE_MS = 2_000;
/** A courier notes that something is to come, and no more. */
const EXPECT_DEADLINE_MS = 5_000;
const DELIVER_DEADLINE_MS = 20_000;

/** The edge feed behind `stub`. */
export function remoteEdgeFeed(stub: () => EdgeFeedReader & EdgeFeedWriter): EdgeFeedReader & EdgeFeedWriter {
  return {
    pull: (position) => orOutage("edge_feed", FEED_DEADLINE_MS, () => stub().pull(position)),
    append: (entries) => orOutage("edge_feed", FEED_DEADLINE_MS, () => stub().append(entries)),
  };
}

/** The key ring behind `stub`; `dependency` names it in outages. */
export function remoteKeyRing(dependency: string, stub: () => KeyRing): KeyRing {
  const read = <T>(work: (ring: KeyRing) => Promise<T>) =>
    orOutage(dependency, RING_READ_DEADLINE_MS, () => work(stub()));
  return {
    published: () => read(async (ring) => readPublishedKeys(await ring.published())),
    signingKey: (alg) => read((ring) => ring.signingKey(alg)),
    describe: () => read((ring) => ring.describe()),
    rotate: (algorithms, emergency) =>
      orOutage(dependency, RING_ROTATE_DEADLINE_MS, () => stub().rotate(algorithms, emergency)),
  };
}

/** The outbox's courier behind `stub`. */
export function remoteCourier(stub: () => OutboxCourier): OutboxCourier {
  return {
    expect: () => orOutage("outbox", EXPECT_DEADLINE_MS, () => stub().expect()),
    deliver: () => orOutage("outbox", DELIVER_DEADLINE_MS, () => stub().deliver()),
  };
}

/** The issuer's read-only side behind `stub`. It is deployed by itself, so what it answers is read as what a stranger says is. */
export function remoteIssuerReader(stub: () => IssuerReader): IssuerReader {
  return {
    pull: (position) => orOutage("edge_feed", FEED_DEADLINE_MS, () => stub().pull(position)),
    published: () => orOutage("issuer", RING_READ_DEADLINE_MS, async () => readPublishedKeys(await stub().published())),
    findApiKey: (hash) =>
      orOutage("issuer", FEED_DEADLINE_MS, async () => {
        const found: unknown = await stub().findApiKey(hash);
        return found === null ? null : parseApiKeyRecord(found);
      }),
    findSession: (proof) =>
      orOutage("issuer", FEED_DEADLINE_MS, async () => {
        const found: unknown = await stub().findSession(proof);
        return found === null ? null : parseSessionStanding(found);
      }),
    checkRelations: (asked) =>
      orOutage("relations", RELATIONS_DEADLINE_MS, async () => parseToldRelations(await stub().checkRelations(asked))),
    findSubjects: (kind, ids) =>
      orOutage("issuer", FEED_DEADLINE_MS, async () => parseSubjects(ids, await stub().findSubjects(kind, ids))),
    relatedIds: (asked) =>
      orOutage("relations", RELATIONS_DEADLINE_MS, async () => parseToldRelated(asked, await stub().relatedIds(asked))),
    roleBook: () => orOutage("issuer", CONFIG_DEADLINE_MS, async () => parsePublishedRoles(await stub().roleBook())),
  };
}

/** What each key proves is judged by who uses it. Throws for what is no list of keys. */
function readPublishedKeys(published: PublishedKeys): PublishedKeys {
  if (!Number.isSafeInteger(published.version) || !Array.isArray(published.keys)) throw new TypeError("no key set");
  return published;
}

/** The issuer's published configurations behind `stub`. */
export function remoteConfigReader(stub: () => ConfigReader): ConfigReader {
  return {
    configPointer: () => orOutage("issuer", CONFIG_DEADLINE_MS, () => stub().configPointer()),
    configSnapshot: (hash) => orOutage("issuer", CONFIG_DEADLINE_MS, () => stub().configSnapshot(hash)),
  };
}
