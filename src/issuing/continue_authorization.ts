import type { ClientRecord } from "../ports/clients.ts";
import type { TransactionState } from "../protocol/authorization_transaction.ts";
import type { AuthorizationError } from "../protocol/authorize/authorization_error.ts";
import { needsConsent, sessionStep } from "../protocol/authorize/next_step.ts";
import type { TransactionId } from "../protocol/ids.ts";
import { matchesRedirect } from "../protocol/redirect_uri.ts";
import {
  type AskingBrowser,
  type AuthorizationStep,
  type Authorizing,
  consentGiver,
  findEnabledClient,
  type RefusedStep,
  refusedPage,
  type SignedIn,
} from "./authorizing.ts";
import { answerError, finishAuthorization, subjectFor } from "./finish_authorization.ts";
import type { Moment } from "./issuer.ts";

/** Absent, over, answered before, or another browser's: whoever asks is told the same. */
export const TRANSACTION_GONE: AuthorizationError = {
  code: "invalid_request",
  description: "this sign-in is over or was begun in another browser",
  reason: "transaction_gone",
};

const CLIENT_GONE: AuthorizationError = {
  code: "invalid_client",
  description: "the client is not known here any more",
  reason: "client_gone",
};

const OTHER_USER: AuthorizationError = {
  code: "login_required",
  description: "another user signed in than the one expected",
  reason: "other_user",
};

/** A transaction that may go on, with the client as it is now. */
export interface OpenTransaction {
  readonly state: TransactionState;
  readonly client: ClientRecord;
}

/** What has to happen before a code is given; `finish` when nothing does. */
export type PendingStep = "login" | "select_account" | "consent" | "other_user" | "finish";

/**
 * The one place that interactive steps return to: looks at the transaction and at who is signed in, and says what is next.
 * No step can be skipped, because none is ever asked where it comes from. Throws `Outage`.
 */
export async function continueAuthorization(
  id: TransactionId,
  browser: AskingBrowser,
  parts: Authorizing,
  moment: Moment,
): Promise<AuthorizationStep> {
  const open = await openTransaction(id, browser, parts, moment);
  if ("kind" in open) return open;
  const { state, client } = open;
  const { signedIn } = browser;
  const step = await pendingStep(open, signedIn, parts);
  if (step === "login" || signedIn === null) return { kind: "login", transaction: id };
  if (step === "select_account" || step === "consent") return interactiveStep(step, id, open, signedIn, parts);
  // Spent before anything is given: of two tabs that come back at once, one gets the code.
  const spent = await parts.transactions.finish(id, browser.hash, moment.nowMs);
  if (spent === null) return refusedPage(TRANSACTION_GONE, client.id);
  return step === "other_user"
    ? answerError(state.request, client, OTHER_USER, signedIn.user.id, parts)
    : finishAuthorization(state, client, signedIn, parts, moment);
}

/** Records that the person goes on as who is signed in, and continues. */
export async function chooseAccount(
  id: TransactionId,
  browser: AskingBrowser,
  parts: Authorizing,
  moment: Moment,
): Promise<AuthorizationStep> {
  const { signedIn } = browser;
  if (signedIn !== null) {
    const chosen = { user: signedIn.user.id, session: signedIn.session.id };
    await parts.transactions.choose(id, browser.hash, chosen, moment.nowMs);
  }
  return continueAuthorization(id, browser, parts, moment);
}

/**
 * The transaction with its client, or the page that says why not. The client is looked up anew: one that was disabled, or
 * lost the redirect URI, while its user read a page gets nothing.
 */
export async function openTransaction(
  id: TransactionId,
  browser: Pick<AskingBrowser, "hash">,
  parts: Authorizing,
  moment: Moment,
): Promise<OpenTransaction | RefusedStep> {
  const state = await parts.transactions.read(id, browser.hash, moment.nowMs);
  if (state === null) return refusedPage(TRANSACTION_GONE);
  const { clientId, redirectUri } = state.request;
  const view = await parts.issuer.revocations.view(moment.nowMs, moment.defer, 0);
  const client = await findEnabledClient(clientId, parts, moment, view);
  const isStillThere = client !== null && matchesRedirect(client.person, redirectUri);
  return isStillThere ? { state, client } : refusedPage(CLIENT_GONE, clientId);
}

/** What is missing in `transaction` for who is signed in. Throws `Outage`. */
export async function pendingStep(
  { state, client }: OpenTransaction,
  signedIn: SignedIn | null,
  parts: Pick<Authorizing, "consents" | "subjects">,
): Promise<PendingStep> {
  if (signedIn === null) return "login";
  const { request, chosen } = state;
  const { user, session } = signedIn;
  const { expectedSubject } = request;
  const step = sessionStep(state, {
    authTimeMs: session.authTimeMs,
    isChosen: chosen !== null && chosen.session === session.id && chosen.user === user.id,
    isExpected: expectedSubject === null || (await subjectFor(user.id, client, parts)) === expectedSubject,
  });
  if (step !== "done") return step;
  const agreed = await parts.consents.find(consentGiver(signedIn), client.id, request.resource ?? "");
  return needsConsent(request, client, agreed ?? []) ? "consent" : "finish";
}

/** A step for which the signed-in person is asked something. */
export function interactiveStep(
  kind: "select_account" | "consent",
  transaction: TransactionId,
  { state, client }: OpenTransaction,
  signedIn: SignedIn,
  { issuer, lifetimes }: Pick<Authorizing, "issuer" | "lifetimes">,
): AuthorizationStep {
  const { request } = state;
  const lastsSeconds = grantSeconds(client, request.resource, { issuer, lifetimes });
  return { kind, transaction, request, client, signedIn, lastsSeconds };
}

/** How long what a person gives `client` for `resource` lasts without that person, in seconds. */
export function grantSeconds(
  client: Pick<ClientRecord, "grantTypes">,
  resource: string | null,
  { issuer, lifetimes }: Pick<Authorizing, "issuer" | "lifetimes">,
): number {
  return client.grantTypes.includes("refresh_token")
    ? Math.floor(lifetimes.refreshAbsoluteMs / 1000)
    : issuer.tokenProfile(resource ?? issuer.catalog.apis[0].resource).ttlSeconds;
}
