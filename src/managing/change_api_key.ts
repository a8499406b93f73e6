import { err, ok, type Result } from "../kernel/result.ts";
import type { ApiKey } from "../ports/api_keys.ts";
import { apiKeyChanged } from "../protocol/api_key_entries.ts";
import type { ApiKeyId } from "../protocol/ids.ts";
import { apiKeyEntries, apiKeyFaults } from "./api_key_rules.ts";
import { type GivenTerms, type KeyManagement, newSeries, ownerFaults, termFaults } from "./api_key_terms.ts";
import { commitChange, commitValue } from "./commit_change.ts";
import { attributeFaults, patchHoldings } from "./holding_rules.ts";
import { liveStrings } from "./live_strings.ts";
import { type Changed, invalidFields, type ManagingFault, NOT_FOUND } from "./management.ts";
import { applyPatch, type Patch } from "./patch.ts";

/** What an operator may change of a key; absent means "as it is". */
export type ApiKeyPatch = Patch<
  Pick<ApiKey, "name" | "scopes" | "roles" | "assignments" | "attributes" | "metadata" | "disabled" | "expiresAtMs">
> &
  GivenTerms;

/** What follows from the record as it is. */
export type ApiKeyEdit = (before: ApiKey) => Result<ApiKeyPatch, ManagingFault>;

/** The key after `patch`, or null when nothing would differ. Strings whose overlap is over are dropped on the way. */
export function patchApiKey(before: ApiKey, patch: ApiKeyPatch, nowMs: number): ApiKey | null {
  const { credits, ...rest } = patch;
  const series = credits === undefined ? undefined : newSeries(credits, before.epoch + 1, nowMs);
  const wanted = applyPatch(before, { ...rest, ...patchHoldings(before, patch), credits: series });
  if (wanted === null) return null;
  return { ...wanted, epoch: before.epoch + 1, updatedAtMs: nowMs, secrets: liveStrings(before.secrets, nowMs) };
}

/** Changes a key. Every change grows the epoch, so that no gate goes on with a copy of the key as it was. */
export async function changeApiKey(
  id: ApiKeyId,
  edit: ApiKeyPatch | ApiKeyEdit,
  management: KeyManagement,
  nowMs: number,
): Promise<Result<Changed<ApiKey>, ManagingFault>> {
  const before = await management.keys.get(id);
  if (before === null) return err(NOT_FOUND);
  const edited = typeof edit === "function" ? edit(before) : ok(edit);
  if (!edited.ok) return edited;
  const patch = edited.value;
  const after = patchApiKey(before, patch, nowMs);
  if (after === null) return ok({ value: before, progress: "unchanged" });
  const faults = [
    ...apiKeyFaults(patch, management.catalog, nowMs, before.scopes),
    ...termFaults(patch, before.kind),
    ...(await ownerFaults(patch.owner, management)),
    ...attributeFaults(patch.attributes, management.attributes),
  ];
  if (faults.length > 0) return err(invalidFields(faults));
  const entries = apiKeyEntries(after, nowMs);
  return commitValue(management, after, () => management.keys.update(before, after, entries));
}

/**
 * Deletes a key. Its strings are not announced: gates deny them without asking. The counter of its credits is forgotten with it; one
 * that cannot be reached stays behind, which nothing can spend from any more.
 */
export async function deleteApiKey(
  id: ApiKeyId,
  management: KeyManagement,
  nowMs: number,
): Promise<Result<Changed<null>, ManagingFault>> {
  const key = await management.keys.get(id);
  if (key === null) return err(NOT_FOUND);
  const entries = apiKeyChanged(id, key.epoch + 1, [], nowMs);
  const committed = await commitChange(management, () => management.keys.delete(key, entries));
  if (!committed.ok) return committed;
  await management.credits.forget(id).catch(() => undefined);
  return ok({ value: null, progress: committed.value });
}
