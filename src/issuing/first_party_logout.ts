import { ok, type Result } from "../kernel/result.ts";
import type { RefreshTokenRequest } from "../protocol/first_party_request.ts";
import { type FirstParty, type FirstPartyCall, type FirstPartyFault, firstPartyClient } from "./first_party.ts";
import { revokeRefreshToken } from "./revocation_endpoint.ts";

/** What the log is told of a logout; the app is told the same of all. */
export interface LoggedOut {
  readonly loggedOutcome: "logged_out" | "nothing_to_end" | "token_of_another_client";
  /** The grant has ended, and the gates are still to hear of it. */
  readonly pending: boolean;
}

/**
 * Ends the grant of a refresh token, access tokens included. A token that gives this client nothing (unknown, dead, another client's) is
 * success as well: afterwards it still gives it nothing, and an app that logs out has no use for a fault. Throws `Outage`.
 */
export async function firstPartyLogout(
  { client: claim, refreshToken }: RefreshTokenRequest,
  { issuer }: FirstParty,
  call: FirstPartyCall,
): Promise<Result<LoggedOut, FirstPartyFault>> {
  const { moment, trace } = call;
  const view = await issuer.revocations.view(moment.nowMs, moment.defer, 0);
  const client = await firstPartyClient(claim, issuer, call, view);
  if (!client.ok) return client;
  const revoked = await revokeRefreshToken(refreshToken, client.value.id, issuer, moment);
  if (!revoked.ok) return ok({ loggedOutcome: "token_of_another_client", pending: false });
  const { grantId, pending } = revoked.value;
  trace.grantId = grantId;
  return ok({ loggedOutcome: grantId === null ? "nothing_to_end" : "logged_out", pending });
}
