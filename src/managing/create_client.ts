import { err, ok, type Result } from "../kernel/result.ts";
import type { ClientRecord } from "../ports/clients.ts";
import { type HeldAttributes, NO_ATTRIBUTES } from "../protocol/attribute_values.ts";
import { newClientId } from "../protocol/ids.ts";
import { NO_PEOPLE } from "../protocol/person_facing.ts";
import { clientFaults, clientScopes, isPublic, unknownScopes } from "./client_rules.ts";
import { type MadeSecret, makeSecret } from "./client_secret.ts";
import { attributeFaults } from "./holding_rules.ts";
import { invalidFields, type Management, type ManagingFault } from "./management.ts";
import { type PersonDraft, sectorOf } from "./person_rules.ts";

/** What an operator decides of a new client. */
export type ClientDraft = Pick<
  ClientRecord,
  "name" | "grantTypes" | "authMethods" | "scopes" | "defaultScopes" | "roles"
> & {
  readonly attributes?: HeldAttributes | undefined;
  /** Absent for a client that no person ever meets. */
  readonly person?: PersonDraft;
};

/** A new client, with its first secret in the clear; null for a public client. */
export interface CreatedClient {
  readonly client: ClientRecord;
  readonly secret: MadeSecret | null;
}

/**
 * Registers a client. Nothing is announced: no gate and no cache can hold anything of an id that was random until now.
 * Throws `Outage`; the client may then exist, with a secret that nobody was told.
 */
export async function createClient(
  draft: ClientDraft,
  { clients, catalog, attributes, random }: Pick<Management, "clients" | "catalog" | "attributes" | "random">,
  nowMs: number,
): Promise<Result<CreatedClient, ManagingFault>> {
  const { person = NO_PEOPLE } = draft;
  const whole = { ...draft, person };
  const faults = [
    ...unknownScopes(draft.scopes, clientScopes(catalog, whole)),
    ...clientFaults(whole),
    ...attributeFaults(draft.attributes, attributes),
  ];
  if (faults.length > 0) return err(invalidFields(faults));
  const id = newClientId(random);
  const client: ClientRecord = {
    ...draft,
    assignments: [],
    attributes: draft.attributes ?? NO_ATTRIBUTES,
    id,
    person: { ...person, sector: sectorOf(person, id) },
    disabled: false,
    epoch: 1,
    version: 1,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  const secret = isPublic(client) ? null : await makeSecret(random, nowMs);
  await clients.insert({ client, secrets: secret === null ? [] : [secret.record] });
  return ok({ client, secret });
}
