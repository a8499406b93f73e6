import { sha256Base64url, toBase64url } from "../kernel/bytes.ts";
import type { ClientRecord } from "../ports/clients.ts";
import { type AuthorizationAnswer, authorizationResponse } from "../protocol/authorization_response.ts";
import type { TransactionState } from "../protocol/authorization_transaction.ts";
import type { AuthorizationError } from "../protocol/authorize/authorization_error.ts";
import type { ReturnAddress } from "../protocol/authorize/return_address.ts";
import { clientSid } from "../protocol/client_sid.ts";
import type { GrantTerms } from "../protocol/grant_terms.ts";
import { holdingsOf } from "../protocol/holdings.ts";
import { newGrantId, type UserId } from "../protocol/ids.ts";
import { formatOpaqueToken } from "../protocol/opaque_token.ts";
import type { AuthorizationStep, Authorizing, SignedIn } from "./authorizing.ts";
import type { Moment } from "./issuer.ts";

const SECRET_BYTES = 32;

/** Why the account gave no code: fixed words for logs. */
const REASONS = { blocked: "account_blocked", session_over: "session_over", withdrawn: "access_withdrawn" } as const;

/** What is needed to answer. */
type Answering = Pick<Authorizing, "issuer" | "subjects" | "lifetimes">;

/**
 * Gives the code (RFC 6749 §4.1.2): a grant that begins, bound to client, redirect URI and challenge, of which only the hash is
 * kept. The caller has spent the transaction before. Throws `Outage`.
 */
export async function finishAuthorization(
  { request, startedAtMs }: Pick<TransactionState, "request" | "startedAtMs">,
  client: ClientRecord,
  { user, session }: SignedIn,
  parts: Answering,
  { nowMs }: Moment,
): Promise<AuthorizationStep> {
  const { issuer, lifetimes } = parts;
  const terms: GrantTerms = {
    clientId: client.id,
    subject: await subjectFor(user.id, client, parts),
    sessionId: session.id,
    sid: await clientSid(client.id, session.root),
    scopes: request.scopes,
    resource: request.resource,
    nonce: request.nonce,
    authTimeMs: session.authTimeMs,
    amr: session.amr,
    acr: session.acr,
    // Refresh tokens go to whoever holds the grant for them. Without offline_access they end with the browser session.
    refreshable: client.grantTypes.includes("refresh_token"),
  };
  const grantId = newGrantId(issuer.random);
  const secret = toBase64url(issuer.random(SECRET_BYTES));
  const issued = await issuer.accounts.issueCode(
    user.id,
    {
      grantId,
      codeHash: await sha256Base64url(secret),
      redirectUri: request.redirectUri,
      codeChallenge: request.codeChallenge,
      dpopThumbprint: null,
      terms,
      holdings: holdingsOf(user),
      givenIn: session.id,
      provenAtEpoch: session.accountEpoch,
      begun: { seenWithdrawals: session.withdrawals, atMs: startedAtMs },
    },
    lifetimes,
    nowMs,
  );
  if (issued !== "issued") {
    const error = { code: "access_denied", description: "access was denied", reason: REASONS[issued] } as const;
    return answerError(request, client, error, user.id, parts);
  }
  const sealed = await issuer.secrets.seal({ user: user.id, grant: grantId }, "code");
  const answer: AuthorizationAnswer = { kind: "code", code: formatOpaqueToken("spc_", sealed, secret) };
  return {
    kind: "answer",
    response: authorizationResponse(request, answer, issuer.url),
    client,
    trace: { clientId: client.id, userId: user.id, grantId, error: null },
  };
}

/** Tells the client why there is no code (RFC 6749 §4.1.2.1). */
export function answerError(
  to: ReturnAddress,
  client: ClientRecord,
  error: AuthorizationError,
  userId: UserId | null,
  { issuer }: Pick<Authorizing, "issuer">,
): AuthorizationStep {
  return {
    kind: "answer",
    response: authorizationResponse(to, { kind: "error", error }, issuer.url),
    client,
    trace: { clientId: client.id, userId, grantId: null, error },
  };
}

/** The `sub` of `user` for `client`: the id, or the pairwise subject of the client's sector (OpenID Connect Core §8). */
export async function subjectFor(
  user: UserId,
  { person }: ClientRecord,
  { subjects }: Pick<Authorizing, "subjects">,
): Promise<string> {
  return person.sector === null ? user : subjects.subjectOf(user, person.sector);
}
