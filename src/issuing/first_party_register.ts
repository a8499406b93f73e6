import type { Result } from "../kernel/result.ts";
import type { PasswordRequest } from "../protocol/first_party_request.ts";
import { type FirstParty, type FirstPartyCall, type FirstPartyFault, firstPartyClient } from "./first_party.ts";
import { type Registered, registerUser } from "./register_user.ts";
import { requireHuman } from "./require_human.ts";

/**
 * Makes an account from an app of the operator's own, as the page does. It gives no tokens: whether it could would tell whether the
 * address has an account already, and that is only for whoever reads its mail. Throws `Busy` and `Outage`.
 */
export async function firstPartyRegister(
  { client: claim, email, password, captchaToken }: PasswordRequest,
  { issuer, people }: FirstParty,
  call: FirstPartyCall,
): Promise<Result<Registered, FirstPartyFault>> {
  const { nowMs, defer } = call.moment;
  const client = await firstPartyClient(claim, issuer, call, await issuer.revocations.view(nowMs, defer, 0));
  if (!client.ok) return client;
  const human = await requireHuman("register", email, captchaToken, call.visitor, people, nowMs);
  return human.ok ? registerUser({ email, password }, call.visitor, people, nowMs) : human;
}
