import type { Accounts, GrantSummary } from "../ports/accounts.ts";
import type { ClientDirectory } from "../ports/clients.ts";
import type { Consent, ConsentGiver, Consents } from "../ports/consents.ts";
import type { ClientId, UserId } from "../protocol/ids.ts";

/** What a client has of a user's: all its grants and all that was agreed to for it, in one. */
export interface ConnectedClient {
  readonly clientId: ClientId;
  /** As the client states it; null for one that is not registered any more. */
  readonly name: string | null;
  /** Each with the API that it is a scope of; null for the issuer's own and the default API. */
  readonly scopes: readonly { readonly resource: string | null; readonly scope: string }[];
  /** Null for one that holds no grant now: it may come back for one without asking. */
  readonly lastUsedAtMs: number | null;
  /** When something was last agreed to; null where nothing is, and the next visit asks. */
  readonly agreedAtMs: number | null;
}

/** Some of the connected clients, and how many there are. */
export interface ConnectedClients {
  readonly clients: readonly ConnectedClient[];
  readonly total: number;
}

/** Which of them to read: so many behind the first `from`. */
export interface ConnectedRange {
  readonly from: number;
  readonly most: number;
}

/** What connected clients are read from, and ended in. */
export interface Connections {
  readonly accounts: Pick<Accounts, "listGrants" | "endGrantsOf">;
  readonly clients: Pick<ClientDirectory, "find">;
  readonly consents: Pick<Consents, "list" | "withdraw">;
}

/**
 * The clients that hold grants of `giver` or may fetch one without asking, the last used first: whatever can be withdrawn is here, also
 * of clients that are disabled or gone. Only those of `range` are looked up by name. Throws `Outage`.
 */
export async function connectedClients(
  giver: ConsentGiver,
  range: ConnectedRange,
  { accounts, clients, consents }: Connections,
  nowMs: number,
): Promise<ConnectedClients> {
  const [grants, agreed] = await Promise.all([accounts.listGrants(giver.user, nowMs), consents.list(giver)]);
  const grantsOf = Map.groupBy(grants, ({ clientId }) => clientId);
  const agreedOf = Map.groupBy(agreed, ({ clientId }) => clientId);
  const connected = [...new Set([...grantsOf.keys(), ...agreedOf.keys()])].map((clientId) =>
    connection(clientId, grantsOf.get(clientId) ?? [], agreedOf.get(clientId) ?? []),
  );
  connected.sort((one, other) => lastMs(other) - lastMs(one) || (one.clientId < other.clientId ? -1 : 1));
  const shown = connected.slice(range.from, range.from + range.most);
  const named = shown.map(async (one) => ({ ...one, name: (await clients.find(one.clientId))?.client.name ?? null }));
  return { clients: await Promise.all(named), total: connected.length };
}

/**
 * Takes back all that `user` gave to `client`. The consent goes first: were it the other way round and the second step failed, the
 * client could fetch a new grant without asking, while its user believes that it is gone. What is under way ends with it: either place
 * refuses what began before. Throws `Outage`; to be repeated then.
 */
export async function withdrawAccess(
  user: UserId,
  client: ClientId,
  { accounts, consents }: Connections,
  nowMs: number,
): Promise<void> {
  await consents.withdraw(user, client, nowMs);
  await accounts.endGrantsOf(user, client, nowMs);
}

function connection(clientId: ClientId, grants: readonly GrantSummary[], agreed: readonly Consent[]) {
  return {
    clientId,
    scopes: distinctScopes([
      ...grants,
      ...agreed.map(({ resource, scopes }) => ({ resource: resource === "" ? null : resource, scopes })),
    ]),
    lastUsedAtMs: latest(grants.map(({ lastUsedAtMs }) => lastUsedAtMs)),
    agreedAtMs: latest(agreed.map(({ givenAtMs }) => givenAtMs)),
  };
}

function latest(timesMs: readonly number[]): number | null {
  return timesMs.length === 0 ? null : Math.max(...timesMs);
}

function lastMs({ lastUsedAtMs, agreedAtMs }: Pick<ConnectedClient, "lastUsedAtMs" | "agreedAtMs">): number {
  return lastUsedAtMs ?? agreedAtMs ?? 0;
}

function distinctScopes(given: readonly Pick<GrantSummary, "resource" | "scopes">[]): ConnectedClient["scopes"] {
  const all = given.flatMap(({ resource, scopes }) => scopes.map((scope) => ({ resource, scope })));
  return [...new Map(all.map((one) => [`${one.resource ?? ""} ${one.scope}`, one])).values()];
}
