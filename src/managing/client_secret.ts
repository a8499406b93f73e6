import type { RandomBytes } from "../kernel/random.ts";
import { err, type Result } from "../kernel/result.ts";
import type { ClientSecretRecord, ClientWithSecrets } from "../ports/clients.ts";
import { clientChanged } from "../protocol/client_entries.ts";
import { type ClientSecret, hashClientSecret, newClientSecret } from "../protocol/client_secret.ts";
import { type ClientId, type ClientSecretId, newClientSecretId } from "../protocol/ids.ts";
import { isPublic } from "./client_rules.ts";
import { commitValue } from "./commit_change.ts";
import { liveStrings } from "./live_strings.ts";
import { type Changed, type Management, type ManagingFault, NOT_FOUND } from "./management.ts";

/** Two, so that a client can be given its next secret before the last one ends. */
const MOST_LIVE_SECRETS = 2;

/** A secret in the clear beside what is kept of it. */
export interface MadeSecret {
  readonly text: ClientSecret;
  readonly record: ClientSecretRecord;
}

/** A new secret that does not expire. */
export async function makeSecret(random: RandomBytes, nowMs: number): Promise<MadeSecret> {
  const text = newClientSecret(random);
  const record: ClientSecretRecord = {
    id: newClientSecretId(random),
    hash: await hashClientSecret(text),
    lastFour: text.slice(-4),
    createdAtMs: nowMs,
    expiresAtMs: null,
  };
  return { text, record };
}

/**
 * Gives a client one more secret. A third live one is refused: forgotten secrets would pile up. The registry's version
 * check makes the count hold under parallel calls, since a call that counted before another wrote is a `conflict`.
 */
export async function addClientSecret(
  id: ClientId,
  management: Management,
  nowMs: number,
): Promise<Result<Changed<MadeSecret>, ManagingFault>> {
  const before = await management.clients.find(id);
  if (before === null) return err(NOT_FOUND);
  if (isPublic(before.client)) return err({ code: "public_client" });
  const live = liveStrings(before.secrets, nowMs);
  if (live.length >= MOST_LIVE_SECRETS) return err({ code: "too_many_secrets" });
  const made = await makeSecret(management.random, nowMs);
  return replaceSecrets(made, before, [made.record, ...live], management, nowMs);
}

/**
 * Ends one secret, the last one too: a leaked secret must be removable at once, and the client is not lost by it, for it
 * can be given a new one. Tokens that it already fetched live on; disabling the client ends those.
 */
export async function removeClientSecret(
  id: ClientId,
  secretId: ClientSecretId,
  management: Management,
  nowMs: number,
): Promise<Result<Changed<null>, ManagingFault>> {
  const before = await management.clients.find(id);
  const live = liveStrings(before?.secrets ?? [], nowMs);
  if (before === null || !live.some((secret) => secret.id === secretId)) return err(NOT_FOUND);
  const left = live.filter((secret) => secret.id !== secretId);
  return replaceSecrets(null, before, left, management, nowMs);
}

function replaceSecrets<T>(
  value: T,
  before: ClientWithSecrets,
  secrets: readonly ClientSecretRecord[],
  management: Management,
  nowMs: number,
): Promise<Result<Changed<T>, ManagingFault>> {
  const version = before.client.version + 1;
  const after = { client: { ...before.client, version, updatedAtMs: nowMs }, secrets };
  const entries = [clientChanged(before.client.id, version, nowMs)];
  return commitValue(management, value, () => management.clients.update(before, after, entries));
}
