import { err, ok, type Result } from "../kernel/result.ts";
import type { LiveGrant } from "../ports/accounts.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { PasswordRequest } from "../protocol/first_party_request.ts";
import type { GrantTerms } from "../protocol/grant_terms.ts";
import { holdingsOf } from "../protocol/holdings.ts";
import { newGrantId } from "../protocol/ids.ts";
import { choosePersonTarget } from "../protocol/person_target.ts";
import { subjectFor } from "./finish_authorization.ts";
import {
  type FirstParty,
  type FirstPartyCall,
  type FirstPartyFault,
  firstPartyClient,
  oauthFault,
} from "./first_party.ts";
import { firstRefreshToken } from "./first_refresh_token.ts";
import { deciding } from "./guess_budgets.ts";
import type { IssuedToken } from "./issued_token.ts";
import { mintPersonTokens } from "./mint_person_tokens.ts";
import type { SessionRefusal } from "./open_session.ts";
import { requireHuman } from "./require_human.ts";
import { hashAnew, type ProvenPassword, proveCredentials } from "./sign_in.ts";

/** How the user proved who they are (RFC 8176). */
const PASSWORD = ["pwd"] as const;

/**
 * Signs a person in through an app of the operator's own (M10): the counting and the one hash of the page's sign-in, then a grant
 * without a browser session, which only its own ends (idle, absolute, logout, a changed password, a disabled user) end. It holds the
 * client's default scopes: an app that needs others, or another API, uses the code flow. Throws `Busy` and `Outage`.
 */
export async function firstPartySignIn(
  request: PasswordRequest,
  parts: FirstParty,
  call: FirstPartyCall,
): Promise<Result<IssuedToken, FirstPartyFault>> {
  const { issuer, people } = parts;
  const { visitor, moment, trace } = call;
  const view = await issuer.revocations.view(moment.nowMs, moment.defer, 0);
  const client = await firstPartyClient(request.client, issuer, call, view);
  if (!client.ok) return client;
  const target = defaultTarget(client.value, parts);
  if (!target.ok) return oauthFault(target.error);
  const human = await requireHuman("login", request.email, request.captchaToken, visitor, people, moment.nowMs);
  if (!human.ok) return human;
  const proven = await proveCredentials(request, visitor, people, moment.nowMs);
  if (!proven.ok) {
    if (proven.error.kind === "wrong") trace.userId = proven.error.loggedUser;
    return proven;
  }
  const { user, attempt, outdated } = proven.value;
  trace.userId = user.id;
  const begun = await deciding(attempt, people, moment.nowMs, () =>
    begin(proven.value, client.value, target.value.scopes, parts, call),
  );
  if (!begun.ok) return err({ kind: "wrong", loggedReason: begun.error, loggedUser: user.id });
  const { grant, refreshToken } = begun.value;
  trace.grantId = grant.grantId;
  try {
    // No cookie comes back from an app: its failures are forgotten, and no browser is known by it.
    await people.guesses.succeeded(attempt, moment.nowMs);
    if (outdated) await hashAnew(request.password, user, people, moment.nowMs);
    const narrowing = { scopes: null, resource: null };
    const mint = { grant, client: client.value, holdings: holdingsOf(user), narrowing, refreshToken, first: true };
    const issued = await mintPersonTokens(mint, issuer, moment, view);
    return issued.ok ? issued : oauthFault(issued.error);
  } catch (outage) {
    // Nobody will ever hold what this grant gave: it must not take a place among the user's apps.
    await issuer.accounts.endGrant(user.id, grant.grantId, moment.nowMs).catch(() => undefined);
    throw outage;
  }
}

/** What the client gets when it asks for nothing: the default API, and of its scopes those that a person can grant there. */
function defaultTarget({ scopes, defaultScopes }: ClientRecord, { issuer: { catalog } }: FirstParty) {
  return choosePersonTarget(
    { resources: [], requested: null, clientScopes: scopes, clientDefaults: defaultScopes },
    catalog,
  );
}

/** A new grant of `user` with its first refresh token, unless the account is blocked, or everything of it or of the client ended since. */
async function begin(
  { user, provenAtEpoch }: ProvenPassword,
  client: ClientRecord,
  scopes: readonly string[],
  { issuer, people, lifetimes }: FirstParty,
  { moment: { nowMs } }: FirstPartyCall,
): Promise<Result<{ readonly grant: LiveGrant; readonly refreshToken: string }, SessionRefusal | "access_withdrawn">> {
  const terms: GrantTerms = {
    clientId: client.id,
    subject: await subjectFor(user.id, client, people),
    sessionId: null,
    sid: null,
    scopes,
    resource: null,
    nonce: null,
    authTimeMs: nowMs,
    amr: PASSWORD,
    acr: null,
    refreshable: true,
  };
  const grantId = newGrantId(issuer.random);
  const refresh = await firstRefreshToken(user.id, grantId, issuer);
  const begun = { seenWithdrawals: null, atMs: nowMs };
  const proven = { holdings: holdingsOf(user), provenAtEpoch, begun };
  const start = { grantId, terms, dpopThumbprint: null, refreshHash: refresh.hash, ...proven };
  const outcome = await issuer.accounts.startGrant(user.id, start, lifetimes, nowMs);
  if (outcome.kind === "refused") {
    const { reason } = outcome;
    return err(reason === "proof_superseded" || reason === "access_withdrawn" ? reason : "user_disabled");
  }
  return ok({ grant: outcome.grant, refreshToken: refresh.token });
}
