import { err, type Result } from "../kernel/result.ts";
import type { ApiKey, ApiKeySecretRecord } from "../ports/api_keys.ts";
import {
  type ApiKeyEnvironment,
  type ApiKeyKind,
  type ApiKeyString,
  hashApiKey,
  lastFour,
  newApiKey,
} from "../protocol/api_key.ts";
import { apiKeyAnnounced } from "../protocol/api_key_entries.ts";
import type { CreditTerms } from "../protocol/api_key_terms.ts";
import { type HeldAttributes, NO_ATTRIBUTES } from "../protocol/attribute_values.ts";
import { newApiKeyId } from "../protocol/ids.ts";
import { apiKeyFaults } from "./api_key_rules.ts";
import { type KeyManagement, newSeries, ownerFaults, termFaults } from "./api_key_terms.ts";
import { commitValue } from "./commit_change.ts";
import { attributeFaults } from "./holding_rules.ts";
import { type Changed, invalidFields, type Management, type ManagingFault } from "./management.ts";

/** What an operator decides of a new key. */
export type ApiKeyDraft = Omit<
  Omit<ApiKey, "assignments" | "attributes">,
  "id" | "disabled" | "credits" | "epoch" | "createdAtMs" | "updatedAtMs" | "lastUsedAtMs" | "leak" | "secrets"
> & { readonly credits: CreditTerms | null; readonly attributes?: HeldAttributes | undefined };

/** A key with its newest string in the clear. */
export interface KeyWithString {
  readonly key: ApiKey;
  readonly text: ApiKeyString;
}

/** A new string of a key beside what is kept of it. */
export async function makeKeyString(
  kind: ApiKeyKind,
  environment: ApiKeyEnvironment,
  { random }: Pick<Management, "random">,
  nowMs: number,
): Promise<{ readonly text: ApiKeyString; readonly record: ApiKeySecretRecord }> {
  const text = newApiKey(kind, environment, random);
  const record = { hash: await hashApiKey(text), lastFour: lastFour(text), createdAtMs: nowMs, expiresAtMs: null };
  return { text, record };
}

/** Makes an API key. Its string is announced, so that a gate whose KV does not know it yet asks the issuer. */
export async function createApiKey(
  draft: ApiKeyDraft,
  management: KeyManagement,
  nowMs: number,
): Promise<Result<Changed<KeyWithString>, ManagingFault>> {
  const faults = [
    ...apiKeyFaults(draft, management.catalog, nowMs),
    ...termFaults(draft, draft.kind),
    ...(await ownerFaults(draft.owner, management)),
    ...attributeFaults(draft.attributes, management.attributes),
  ];
  if (faults.length > 0) return err(invalidFields(faults));
  const { text, record } = await makeKeyString(draft.kind, draft.environment, management, nowMs);
  const key: ApiKey = {
    ...draft,
    assignments: [],
    attributes: draft.attributes ?? NO_ATTRIBUTES,
    id: newApiKeyId(management.random),
    disabled: false,
    credits: newSeries(draft.credits, 1, nowMs),
    lastUsedAtMs: null,
    leak: null,
    epoch: 1,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    secrets: [record],
  };
  return commitValue(management, { key, text }, async () => {
    await management.keys.insert(key, [apiKeyAnnounced(record.hash, key.epoch, nowMs)]);
    return "changed";
  });
}
