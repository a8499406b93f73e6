import type { AuthorizationError } from "../protocol/authorize/authorization_error.ts";
import type { TransactionId } from "../protocol/ids.ts";
import {
  type AskingBrowser,
  type AuthorizationStep,
  type Authorizing,
  consentGiver,
  refusedPage,
} from "./authorizing.ts";
import { openTransaction, pendingStep, TRANSACTION_GONE } from "./continue_authorization.ts";
import { answerError, finishAuthorization } from "./finish_authorization.ts";
import type { Moment } from "./issuer.ts";

/** What a person may say. */
export type ConsentDecision = "allow" | "deny";

const DENIED: AuthorizationError = {
  code: "access_denied",
  description: "the user denied the request",
  reason: "consent_denied",
};

const NOT_ASKED: AuthorizationError = {
  code: "invalid_request",
  description: "nothing was asked here yet",
  reason: "consent_out_of_order",
};

/**
 * Takes a person's decision (RFC 6749 §4.1.1). It counts only where consent is what the transaction waits for: a sign-in
 * that is still owed cannot be skipped by posting the form early. A decision counts once. Throws `Outage`.
 */
export async function decideConsent(
  id: TransactionId,
  decision: ConsentDecision,
  browser: AskingBrowser,
  parts: Authorizing,
  moment: Moment,
): Promise<AuthorizationStep> {
  const open = await openTransaction(id, browser, parts, moment);
  if ("kind" in open) return open;
  const { signedIn } = browser;
  const { client } = open;
  if (signedIn === null || (await pendingStep(open, signedIn, parts)) !== "consent") {
    return refusedPage(NOT_ASKED, client.id);
  }
  const spent = await parts.transactions.finish(id, browser.hash, moment.nowMs);
  if (spent === null) return refusedPage(TRANSACTION_GONE, client.id);
  const { request } = spent;
  if (decision === "deny") return answerError(request, client, DENIED, signedIn.user.id, parts);
  const { resource, scopes } = request;
  const giver = consentGiver(signedIn);
  await parts.consents.add(giver, client.id, resource ?? "", scopes, moment.nowMs, spent.startedAtMs);
  return finishAuthorization(spent, client, signedIn, parts, moment);
}
