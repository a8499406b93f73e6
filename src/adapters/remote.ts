import { orOutage } from "../kernel/outage.ts";
import type { ConfigReader } from "../ports/config_reader.ts";
import type { EdgeFeedReader, EdgeFeedWriter } from "../ports/edge_feed.ts";
import type { IssuerReader } from "../ports/issuer_reader.ts";
import type { KeyRing } from "../ports/key_ring.ts";
import type { OutboxCourier } from "../ports/outbox.ts";

/**
 * Ports over RPC. Each call makes its own stub, for a stub belongs to the request that made it, has a deadline, and turns
 * whatever goes wrong into an `Outage`.
 */
const FEED_DEADLINE_MS = 5_000;
/** A ring may have to make RSA keys first. */
const RING_DEADLINE_MS = 20_000;
/** A first request may wait for it. */
const CONFIG_DEADLINE_MS = 2_000;
const COURIER_DEADLINE_MS = 20_000;

/** The edge feed behind `stub`. */
export function remoteEdgeFeed(stub: () => EdgeFeedReader & EdgeFeedWriter): EdgeFeedReader & EdgeFeedWriter {
  return {
    pull: (position) => orOutage("edge_feed", FEED_DEADLINE_MS, () => stub().pull(position)),
    append: (entries) => orOutage("edge_feed", FEED_DEADLINE_MS, () => stub().append(entries)),
  };
}

/** The key ring behind `stub`; `dependency` names it in outages. */
export function remoteKeyRing(dependency: string, stub: () => KeyRing): KeyRing {
  const call = <T>(work: (ring: KeyRing) => Promise<T>) => orOutage(dependency, RING_DEADLINE_MS, () => work(stub()));
  return {
    published: () => call((ring) => ring.published()),
    signingKey: (alg) => call((ring) => ring.signingKey(alg)),
    describe: () => call((ring) => ring.describe()),
    rotate: (algorithms, emergency) => call((ring) => ring.rotate(algorithms, emergency)),
  };
}

/** The outbox's courier behind `stub`. */
export function remoteCourier(stub: () => OutboxCourier): OutboxCourier {
  return {
    expect: () => orOutage("outbox", COURIER_DEADLINE_MS, () => stub().expect()),
    deliver: () => orOutage("outbox", COURIER_DEADLINE_MS, () => stub().deliver()),
  };
}

/** The issuer's read-only side behind `stub`. */
export function remoteIssuerReader(stub: () => IssuerReader): IssuerReader {
  return {
    pull: (position) => orOutage("edge_feed", FEED_DEADLINE_MS, () => stub().pull(position)),
    published: () => orOutage("issuer", RING_DEADLINE_MS, () => stub().published()),
    findApiKey: (hash) => orOutage("issuer", FEED_DEADLINE_MS, () => stub().findApiKey(hash)),
  };
}

/** The issuer's published configurations behind `stub`. */
export function remoteConfigReader(stub: () => ConfigReader): ConfigReader {
  return {
    configPointer: () => orOutage("issuer", CONFIG_DEADLINE_MS, () => stub().configPointer()),
    configSnapshot: (hash) => orOutage("issuer", CONFIG_DEADLINE_MS, () => stub().configSnapshot(hash)),
  };
}
