import type { Result } from "../kernel/result.ts";
import type { RefreshTokenRequest } from "../protocol/first_party_request.ts";
import {
  asForm,
  type FirstParty,
  type FirstPartyCall,
  type FirstPartyFault,
  firstPartyClient,
  oauthFault,
} from "./first_party.ts";
import type { IssuedToken } from "./issued_token.ts";
import { refreshTokenGrant } from "./refresh_token_grant.ts";

/**
 * The refresh token grant with a JSON body: the same rotation, the same retry window, the same answer to a token that comes back. A
 * refresh token works at either endpoint. Throws `Outage`.
 */
export async function firstPartyRefresh(
  { client: claim, refreshToken }: RefreshTokenRequest,
  { issuer }: FirstParty,
  call: FirstPartyCall,
): Promise<Result<IssuedToken, FirstPartyFault>> {
  const { visitor, moment, trace } = call;
  const view = await issuer.revocations.view(moment.nowMs, moment.defer, 0);
  const client = await firstPartyClient(claim, issuer, call, view);
  if (!client.ok) return client;
  const form = asForm({ refresh_token: refreshToken });
  const issued = await refreshTokenGrant(client.value, form, issuer, moment, view, trace);
  if (issued.ok) return issued;
  return oauthFault(await issuer.failures.ofToken(client.value, visitor.address, issued.error, moment.nowMs));
}
