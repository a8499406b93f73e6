import type { ClientAuthMethod } from "../protocol/client_credentials.ts";
import type { FeedEntry } from "../protocol/edge_feed.ts";
import type { GrantType } from "../protocol/grant_types.ts";
import type { Holdings } from "../protocol/holdings.ts";
import type { ClientId, ClientSecretId } from "../protocol/ids.ts";
import type { PersonFacing } from "../protocol/person_facing.ts";

/** One live secret of a client, known by its digest. */
export interface ClientSecretRecord {
  readonly id: ClientSecretId;
  /** base64url of SHA-256 over the secret. */
  readonly hash: string;
  readonly lastFour: string;
  readonly createdAtMs: number;
  /** When it stops working, in Unix milliseconds; null for never. */
  readonly expiresAtMs: number | null;
}

/** A registered client. Times in Unix milliseconds. */
export interface ClientRecord extends Holdings {
  readonly id: ClientId;
  readonly name: string;
  readonly authMethods: readonly ClientAuthMethod[];
  readonly grantTypes: readonly GrantType[];
  readonly scopes: readonly string[];
  /** What it gets when it asks for no scope; null for all of `scopes`. */
  readonly defaultScopes: readonly string[] | null;
  /** What it can do for people. */
  readonly person: PersonFacing;
  readonly disabled: boolean;
  /** Grows with each change that must end what was issued before. */
  readonly epoch: number;
  /** Grows by one with each change, secrets included. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** A client with its secrets, as client authentication needs it. */
export interface ClientWithSecrets {
  readonly client: ClientRecord;
  readonly secrets: readonly ClientSecretRecord[];
}

/** What issuing asks of the registry. Throws `Outage`. */
export interface ClientDirectory {
  /** The client called `id` with its secrets, or null. */
  find(id: ClientId): Promise<ClientWithSecrets | null>;
}

/** A place in a list ordered by age: the last item already seen. */
export interface ListPosition {
  readonly createdAtMs: number;
  readonly id: string;
}

/**
 * What the admin API asks of the registry. Each change and the feed entries that announce it are one transaction: both
 * happen or neither. `conflict` where the client changed since it was read. Throws `Outage`.
 */
export interface ClientRegistry extends ClientDirectory {
  /** Up to `limit` clients, oldest first, behind `after`. */
  list(limit: number, after: ListPosition | null): Promise<readonly ClientRecord[]>;
  insert(created: ClientWithSecrets): Promise<void>;
  /** Replaces a client, secrets included, whose stored version is still `before.client.version`. */
  update(
    before: ClientWithSecrets,
    after: ClientWithSecrets,
    entries: readonly FeedEntry[],
  ): Promise<"changed" | "conflict">;
  /** Deletes a client whose stored version is still that of `client`: its entries name the epoch that was read. */
  delete(client: ClientRecord, entries: readonly FeedEntry[]): Promise<"deleted" | "conflict">;
}
