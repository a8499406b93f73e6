import { err, ok, type Result } from "../kernel/result.ts";
import type { ClientRecord } from "../ports/clients.ts";
import { clientChanged, clientTokensEnded } from "../protocol/client_entries.ts";
import type { FeedEntry } from "../protocol/edge_feed.ts";
import { losesHoldings } from "../protocol/holdings.ts";
import type { ClientId } from "../protocol/ids.ts";
import type { PersonFacing } from "../protocol/person_facing.ts";
import { clientFaults, clientScopes, isPublic, unknownScopes } from "./client_rules.ts";
import { commitValue } from "./commit_change.ts";
import { attributeFaults, patchHoldings } from "./holding_rules.ts";
import {
  type Changed,
  type FieldFault,
  invalidFields,
  type Management,
  type ManagingFault,
  NOT_FOUND,
} from "./management.ts";
import { applyPatch, losesAny, type Patch } from "./patch.ts";
import { type PersonDraft, sectorOf } from "./person_rules.ts";

/** What an operator may change of a client; absent means "as it is". */
export type ClientPatch = Patch<
  Pick<
    ClientRecord,
    "name" | "scopes" | "defaultScopes" | "roles" | "assignments" | "attributes" | "disabled" | "authMethods"
  >
> & {
  /** All but the subject type: another one would make strangers of everyone whom the client knows. */
  readonly person?: Patch<Omit<PersonDraft, "subjectType">>;
};

/** What follows from the record as it is. */
export type ClientEdit = (before: ClientRecord) => Result<ClientPatch, ManagingFault>;

/**
 * The client after `patch`, or null when nothing would differ. Whatever takes a power away (disabling, fewer scopes,
 * fewer roles, other attributes) grows the epoch, which ends tokens that still carry it.
 */
export function patchClient(before: ClientRecord, patch: ClientPatch, nowMs: number): ClientRecord | null {
  const person = applyPatch<PersonFacing>(before.person, patch.person ?? {}) ?? before.person;
  const wanted = applyPatch<ClientRecord>(before, { ...patch, ...patchHoldings(before, patch), person });
  if (wanted === null) return null;
  const loses =
    (wanted.disabled && !before.disabled) ||
    losesAny(before.scopes, wanted.scopes) ||
    losesHoldings(before, wanted, nowMs);
  const epoch = before.epoch + (loses ? 1 : 0);
  return { ...wanted, epoch, version: before.version + 1, updatedAtMs: nowMs };
}

/** What the feed is told of a client that went from `before` to a newer version and, perhaps, a newer epoch. */
export function clientEntries(
  before: ClientRecord,
  after: Pick<ClientRecord, "version" | "epoch">,
  nowMs: number,
): readonly FeedEntry[] {
  const changed = clientChanged(before.id, after.version, nowMs);
  return after.epoch > before.epoch ? [changed, clientTokensEnded(before.id, after.epoch, nowMs)] : [changed];
}

/** A patch takes no grant types: what makes a client with client_credentials public is how it authenticates. */
function asPatchFault(fault: FieldFault): FieldFault {
  return fault.field === "grant_types"
    ? { field: "token_endpoint_auth_methods", reason: "has none, but a client with client_credentials needs a secret" }
    : fault;
}

/** A pairwise client stays in its sector: in another one each person would have a new subject, and tokens two. */
function sectorFaults({ id, person }: ClientRecord): readonly FieldFault[] {
  if (person.sector === sectorOf(person, id)) return [];
  return [{ field: "redirect_uris", reason: "must stay on the host that the pairwise subjects are made for" }];
}

/** Changes a client. A client that becomes public loses its secrets: it would have no way to use them. */
export async function changeClient(
  id: ClientId,
  edit: ClientPatch | ClientEdit,
  management: Management,
  nowMs: number,
): Promise<Result<Changed<ClientRecord>, ManagingFault>> {
  const { clients, catalog } = management;
  const before = await clients.find(id);
  if (before === null) return err(NOT_FOUND);
  const edited = typeof edit === "function" ? edit(before.client) : ok(edit);
  if (!edited.ok) return edited;
  const patch = edited.value;
  const client = patchClient(before.client, patch, nowMs);
  if (client === null) return ok({ value: before.client, progress: "unchanged" });
  // A scope that the configuration dropped since may stay on the client: it opens nothing, and blocks no other change.
  const known = new Set([...clientScopes(catalog, client), ...before.client.scopes]);
  const faults = [
    ...unknownScopes(client.scopes, known),
    ...clientFaults(client).map(asPatchFault),
    ...sectorFaults(client),
    ...attributeFaults(patch.attributes, management.attributes),
  ];
  if (faults.length > 0) return err(invalidFields(faults));
  const after = { client, secrets: isPublic(client) ? [] : before.secrets };
  const entries = clientEntries(before.client, client, nowMs);
  return commitValue(management, client, () => clients.update(before, after, entries));
}

/** Deletes a client and ends every token it was given. */
export async function deleteClient(
  id: ClientId,
  management: Management,
  nowMs: number,
): Promise<Result<Changed<null>, ManagingFault>> {
  const found = await management.clients.find(id);
  if (found === null) return err(NOT_FOUND);
  const { client } = found;
  const entries = clientEntries(client, { version: client.version + 1, epoch: client.epoch + 1 }, nowMs);
  return commitValue(management, null, () => management.clients.delete(client, entries));
}
