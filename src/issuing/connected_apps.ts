import type { Accounts, GrantSummary } from "../ports/accounts.ts";
import type { ClientDirectory } from "../ports/clients.ts";
import type { Consents } from "../ports/users.ts";
import type { ClientId, UserId } from "../protocol/ids.ts";

/** What a client holds of a user's: all its grants in one. */
export interface ConnectedClient {
  readonly clientId: ClientId;
  /** As the client states it; null for one that is not registered any more. */
  readonly name: string | null;
  /** Each with the API that it is a scope of; null for the issuer's own and the default API. */
  readonly scopes: readonly { readonly resource: string | null; readonly scope: string }[];
  readonly lastUsedAtMs: number;
}

/** What connected clients are read from, and ended in. */
export interface Connections {
  readonly accounts: Pick<Accounts, "listGrants" | "endGrantsOf">;
  readonly clients: ClientDirectory;
  readonly consents: Pick<Consents, "withdraw">;
}

/** The clients that hold grants of `user` now, the last used first. Throws `Outage`. */
export async function connectedClients(
  user: UserId,
  { accounts, clients }: Connections,
  nowMs: number,
): Promise<readonly ConnectedClient[]> {
  const byClient = Map.groupBy(await accounts.listGrants(user, nowMs), (grant) => grant.clientId);
  const connected = await Promise.all(
    [...byClient].map(async ([clientId, grants]) => ({
      clientId,
      name: (await clients.find(clientId))?.client.name ?? null,
      scopes: distinctScopes(grants),
      lastUsedAtMs: Math.max(...grants.map((grant) => grant.lastUsedAtMs)),
    })),
  );
  return connected.sort((one, other) => other.lastUsedAtMs - one.lastUsedAtMs);
}

/**
 * Takes back all that `user` gave to `client`. The consent goes first: were it the other way round and the second step failed, the
 * client would be gone from the list and could fetch a new grant without asking. Throws `Outage`; to be repeated then.
 */
export async function withdrawAccess(
  user: UserId,
  client: ClientId,
  { accounts, consents }: Connections,
  nowMs: number,
): Promise<void> {
  await consents.withdraw(user, client);
  await accounts.endGrantsOf(user, client, nowMs);
}

function distinctScopes(grants: readonly GrantSummary[]): ConnectedClient["scopes"] {
  const all = grants.flatMap(({ resource, scopes }) => scopes.map((scope) => ({ resource, scope })));
  return [...new Map(all.map((one) => [`${one.resource ?? ""} ${one.scope}`, one])).values()];
}
