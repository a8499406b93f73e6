import { err, ok, type Result } from "../kernel/result.ts";
import type { ApiKey, ApiKeySecretRecord } from "../ports/api_keys.ts";
import type { ApiKeyId } from "../protocol/ids.ts";
import { apiKeyEntries } from "./api_key_rules.ts";
import { commitChange } from "./commit_change.ts";
import { type KeyWithString, makeKeyString } from "./create_api_key.ts";
import { liveStrings } from "./live_strings.ts";
import { type Changed, type Management, type ManagingFault, NOT_FOUND } from "./management.ts";

/** A rotated key, and when its previous string ends (Unix milliseconds). */
export interface RotatedKey extends KeyWithString {
  readonly previousExpiresAtMs: number;
}

/**
 * The key with `made` as its current string. The previous one lives on for `overlapMs`, at most as long as the key itself;
 * strings of earlier rotations end at once, so that two are live at most, however often a key is rotated.
 */
export function rotateStrings(before: ApiKey, made: ApiKeySecretRecord, overlapMs: number, nowMs: number): ApiKey {
  const end = Math.min(nowMs + overlapMs, before.expiresAtMs ?? Number.POSITIVE_INFINITY);
  const previous = before.secrets
    .filter(({ expiresAtMs }) => expiresAtMs === null && end > nowMs)
    .map((secret) => ({ ...secret, expiresAtMs: end }));
  return { ...before, epoch: before.epoch + 1, updatedAtMs: nowMs, secrets: [made, ...previous] };
}

/**
 * Gives a key a new string under the same id. A disabled key stays disabled. While an earlier rotation overlaps, another
 * overlap is refused: two strings are live at most, so it would end the older one, which production may still use. An
 * overlap of 0 is the answer to a leak, and ends every older string whatever runs.
 */
export async function rotateApiKey(
  id: ApiKeyId,
  overlapMs: number,
  management: Management,
  nowMs: number,
): Promise<Result<Changed<RotatedKey>, ManagingFault>> {
  const before = await management.keys.get(id);
  if (before === null) return err(NOT_FOUND);
  const overlaps = liveStrings(before.secrets, nowMs).some(({ expiresAtMs }) => expiresAtMs !== null);
  if (overlaps && overlapMs > 0) return err({ code: "rotation_in_progress" });
  const { text, record } = await makeKeyString(before.kind, before.environment, management, nowMs);
  const key = rotateStrings(before, record, overlapMs, nowMs);
  const entries = apiKeyEntries(key, nowMs);
  const committed = await commitChange(management, () => management.keys.update(before, key, entries));
  if (!committed.ok) return committed;
  const previousExpiresAtMs = key.secrets[1]?.expiresAtMs ?? nowMs;
  return ok({ value: { key, text, previousExpiresAtMs }, progress: committed.value });
}
