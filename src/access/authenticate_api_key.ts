import { ok, type Result } from "../kernel/result.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import { apiKeyFault, hashApiKey, parseApiKey } from "../protocol/api_key.ts";
import type { CachedApiKey } from "./api_key_cache.ts";
import type { Call, Gate } from "./gate.ts";
import { placeFault } from "./key_terms.ts";
import { type PinFault, pinFault, pinsOfKey } from "./pins.ts";
import { type Unproven, unproven } from "./unproven.ts";

/** Why an API key is refused: a stable word for logs, never for the caller. */
export type ApiKeyFault =
  | "api_key_malformed"
  | "api_key_unknown"
  | "api_key_disabled"
  | "api_key_expired"
  | "api_key_revoked"
  | "api_key_address_not_allowed"
  | "api_key_origin_not_allowed"
  | "api_key_owner_unknown"
  | PinFault;

/**
 * Proves an API key by the record under its digest, which has to be as new as the edge feed says.
 * `throttled`: the address has failed too often for another look-up. Throws `Outage`.
 */
export async function authenticateApiKey(
  text: string,
  call: Call,
  gate: Gate,
  view: RevocationView,
): Promise<Result<CachedApiKey, Unproven<ApiKeyFault | "throttled">>> {
  const known = gate.apiKeys.knownDigest(text);
  const hash = known ?? (await digestOf(text));
  if (hash === null) return unproven("api_key_malformed", null);
  const costs = !gate.apiKeys.remembers(hash, call.nowMs, view);
  if (costs && gate.failures.waitSeconds(call.address, call.nowMs) > 0) return unproven("throttled", null);
  const found = await gate.apiKeys.find(hash, call.nowMs, view, call.defer);
  if (found === null) return unproven("api_key_unknown", null);
  if (known === undefined) gate.apiKeys.keepDigest(text, hash);
  const fault = keyFault(found, call, gate, view);
  if (fault !== null) return unproven(fault, found);
  gate.keyUses.note(found.record.id, call.nowMs, call.defer);
  return ok(found);
}

/** What is wrong with a key that was found, here and now. */
function keyFault(found: CachedApiKey, call: Call, gate: Gate, view: RevocationView): ApiKeyFault | null {
  const { record } = found;
  if (record.epoch < view.leastEpoch("api_key", record.id)) return "api_key_revoked";
  const fault = apiKeyFault(record, call.nowMs);
  if (fault !== null) return fault === "disabled" ? "api_key_disabled" : "api_key_expired";
  const place = found.places === null ? null : placeFault(found.places, call);
  if (place !== null) return place;
  const pins = gate.pins === null ? null : pinsOfKey(gate.pins, record);
  if (pins === "unknown") return "api_key_owner_unknown";
  return pins === null ? null : pinFault(pins, call.connection, call.nowMs);
}

/** The digest of a string that has the form of a key, or null. */
async function digestOf(text: string): Promise<string | null> {
  const key = parseApiKey(text);
  return key === null ? null : hashApiKey(key);
}
