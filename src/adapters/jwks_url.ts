import * as z from "zod/mini";
import { Outage } from "../kernel/outage.ts";
import type { OutboundReach } from "../policy/outbound_url.ts";
import type { KeySource, PublishedJwk } from "../ports/key_source.ts";
import { boundedJson } from "./bounded_json.ts";

const DEADLINE_MS = 3_000;
const MAX_BYTES = 256 * 1024;
const MAX_KEYS = 100;
const DISCOVERED_MS = 60 * 60_000;

const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())).check(z.maxLength(MAX_KEYS)) });
const metadata = z.object({ issuer: z.string(), jwks_uri: z.string() });

/**
 * An issuer's keys by URL. The URL comes from the configuration, never from a token; redirects, other content types,
 * and answers that are too slow, too large or of too many keys are an outage.
 */
export function jwksUrl(url: string, reach: OutboundReach): KeySource {
  return { fetch: () => fetchKeySet(url, reach) };
}

/** Where an issuer's metadata is (RFC 8414 §3, OpenID Connect Discovery §4), and which hosts it may send us to. */
export interface Discovery {
  readonly issuer: string;
  readonly url: string;
  /** Hosts of `jwks_uri` beside the issuer's own. */
  readonly jwksHosts: ReadonlySet<string>;
  readonly reach: OutboundReach;
}

/**
 * An issuer's keys by what its metadata says, which is read again after an hour and after a failure. Metadata of another
 * issuer (RFC 8414 §3.3) and keys on another host are an outage: nothing was learnt of this issuer.
 */
export function discoveredJwks(discovery: Discovery): KeySource {
  let known: { readonly url: string; readonly atMs: number } | null = null;
  return {
    async fetch(nowMs) {
      const held = known;
      known = null;
      const isFresh = held !== null && nowMs - held.atMs < DISCOVERED_MS;
      const found = isFresh ? held : { url: await discover(discovery), atMs: nowMs };
      const keys = await fetchKeySet(found.url, discovery.reach);
      known = found;
      return keys;
    },
  };
}

/** `source`, whose failures are told to the operators: while keys are remembered nobody else would notice them. */
export function watchedKeys(issuer: string, source: KeySource): KeySource {
  return {
    fetch: (nowMs) =>
      source.fetch(nowMs).catch((error: unknown) => {
        const { dependency, cause } = error instanceof Outage ? error : { dependency: "jwks", cause: error };
        const told = typeof cause === "string" ? cause : "no answer that can be read";
        const fields = { event: "issuer_keys_failed", issuer, dependency, cause: told };
        console.error(JSON.stringify({ time: new Date(nowMs).toISOString(), level: "error", ...fields }));
        throw error;
      }),
  };
}

async function discover({ issuer, url, jwksHosts, reach }: Discovery): Promise<string> {
  const types = ["application/json"];
  const bounds = { dependency: "issuer_metadata", deadlineMs: DEADLINE_MS, maxBytes: MAX_BYTES, types, reach };
  const parsed = metadata.safeParse(await boundedJson(url, bounds));
  if (!parsed.success) throw new Outage("issuer_metadata", { cause: "no metadata" });
  const { issuer: named, jwks_uri: jwksUri } = parsed.data;
  if (named !== issuer) throw new Outage("issuer_metadata", { cause: "metadata of another issuer" });
  const host = URL.canParse(jwksUri) ? new URL(jwksUri).host : "";
  if (host !== new URL(issuer).host && !jwksHosts.has(host)) {
    throw new Outage("issuer_metadata", { cause: "jwks_uri on another host" });
  }
  return jwksUri;
}

async function fetchKeySet(url: string, reach: OutboundReach): Promise<readonly PublishedJwk[]> {
  const types = ["application/jwk-set+json", "application/json"];
  const bounds = { dependency: "jwks", deadlineMs: DEADLINE_MS, maxBytes: MAX_BYTES, types, reach };
  const parsed = keySet.safeParse(await boundedJson(url, bounds));
  if (!parsed.success) throw new Outage("jwks", { cause: "no key set" });
  return parsed.data.keys;
}
