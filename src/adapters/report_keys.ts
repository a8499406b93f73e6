import * as z from "zod/mini";
import { utf8 } from "../kernel/bytes.ts";
import { Outage } from "../kernel/outage.ts";
import type { OutboundReach } from "../policy/outbound_url.ts";
import type { ReportProof } from "../ports/key_leaks.ts";
import type { KeySource, PublishedJwk } from "../ports/key_source.ts";
import { p1363FromDer } from "../protocol/ecdsa_der.ts";
import { boundedJson } from "./bounded_json.ts";
import { VerificationKeys } from "./jose_verification_keys.ts";

const DEADLINE_MS = 3_000;
const MAX_BYTES = 256 * 1024;
const CURVE_BYTES = 32;
const HOUR_MS = 3_600_000;

/** A key that was withdrawn proves nothing after a day at most. The publisher allows 60 calls in an hour to those without an account. */
const TIMES = { refreshMs: HOUR_MS, staleMs: 24 * HOUR_MS, cooldownMs: 5 * 60_000, absentMs: 5 * 60_000 };
/** The pause after a failure, for the same reason. */
const PAUSE_MS = 60_000;

const published = z.object({
  public_keys: z
    .array(z.object({ key_identifier: z.string(), key: z.string().check(z.maxLength(2_000)) }))
    .check(z.maxLength(100)),
});

/**
 * Proves reports by the keys that their sender publishes at `url`: ECDSA over P-256 with SHA-256, in DER, over the body as it came. The
 * URL comes from the configuration, never from a report.
 */
export function reportProof(url: string, reach: OutboundReach): ReportProof {
  const keys = new VerificationKeys(reportKeys(url, reach), TIMES);
  return {
    async isGenuine({ body, keyId, signature }, nowMs, defer) {
      const der = fromBase64(signature);
      const raw = der === null ? null : p1363FromDer(der, CURVE_BYTES);
      if (raw === null) return false;
      const key = await keys.find(keyId, "ES256", nowMs, defer);
      return key !== null && crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, raw, utf8(body));
    },
  };
}

/** The published keys, asked for at most once a minute while that fails. */
function reportKeys(url: string, reach: OutboundReach): KeySource {
  const bounds = { dependency: "report_keys", deadlineMs: DEADLINE_MS, maxBytes: MAX_BYTES, reach };
  let failedAtMs = Number.NEGATIVE_INFINITY;
  return {
    async fetch(nowMs) {
      if (Math.abs(nowMs - failedAtMs) < PAUSE_MS) throw new Outage("report_keys", { cause: "cooldown" });
      try {
        const parsed = published.safeParse(await boundedJson(url, { ...bounds, types: ["application/json"] }, CALLER));
        if (!parsed.success) throw new Outage("report_keys", { cause: "no list of keys" });
        const read = await Promise.all(parsed.data.public_keys.map((one) => jwkOf(one.key_identifier, one.key)));
        return read.filter((key) => key !== null);
      } catch (error) {
        failedAtMs = nowMs;
        throw error;
      }
    },
  };
}

/** GitHub's API answers no caller without a name. */
const CALLER = { headers: { "user-agent": "sallyport" } };

/** A key in PEM as the others are kept; null where it is not one of P-256 (RFC 5480). */
async function jwkOf(kid: string, pem: string): Promise<PublishedJwk | null> {
  const text = /^-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END PUBLIC KEY-----\s*$/.exec(pem)?.[1];
  const der = text === undefined ? null : fromBase64(text.replaceAll(/\s/g, ""));
  if (der === null) return null;
  try {
    const curve = { name: "ECDSA", namedCurve: "P-256" };
    const key = await crypto.subtle.importKey("spki", der, curve, true, ["verify"]);
    const jwk = await crypto.subtle.exportKey("jwk", key);
    return "kty" in jwk ? { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, kid, alg: "ES256" } : null;
  } catch {
    return null;
  }
}

/** Bytes of padded base64 (RFC 4648 §4), or null. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
