import type { Result } from "../kernel/result.ts";
import type { ClientRecord } from "../ports/clients.ts";
import {
  type AuthorizationRequest,
  checkAuthorizationRequest,
  type RefusedRequest,
} from "../protocol/authorization_request.ts";
import { authorizationResponse } from "../protocol/authorization_response.ts";
import { type AdmittedRequest, beginTransaction } from "../protocol/authorization_transaction.ts";
import type { AuthorizationError } from "../protocol/authorize/authorization_error.ts";
import { isPublicClient } from "../protocol/authorize/authorizing_client.ts";
import type { AuthorizationParameters } from "../protocol/authorize/parameters.ts";
import { newTransactionId } from "../protocol/ids.ts";
import {
  type AskingBrowser,
  type AuthorizationStep,
  type Authorizing,
  findEnabledClient,
  refusedPage,
  type SignedIn,
} from "./authorizing.ts";
import { interactiveStep, type OpenTransaction, type PendingStep, pendingStep } from "./continue_authorization.ts";
import { answerError, finishAuthorization } from "./finish_authorization.ts";
import type { Moment } from "./issuer.ts";

/**
 * The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2): the request is checked whole, then the person is met
 * as far as it needs one. A transaction begins only where somebody has to be asked something. Throws `Outage`.
 */
export async function authorize(
  read: Result<AuthorizationParameters, AuthorizationError>,
  browser: AskingBrowser,
  parts: Authorizing,
  moment: Moment,
): Promise<AuthorizationStep> {
  if (!read.ok) return refusedPage(read.error);
  const parameters = read.value;
  const view = await parts.issuer.revocations.view(moment.nowMs, moment.defer, 0);
  const client = await findEnabledClient(parameters.get("client_id"), parts, moment, view);
  const checked = checkAuthorizationRequest(parameters, client, parts.issuer.catalog);
  if (client === null || !checked.ok) {
    const isSilent = parameters.get("prompt") === "none";
    return checked.ok ? refusedPage(UNKNOWN) : refuseRequest(checked.error, client, browser.signedIn, isSilent, parts);
  }
  const request = await admit(checked.value, parts, moment);
  const state = beginTransaction(request, browser.hash, parts.transactionMs, moment.nowMs);
  const open = { state, client };
  const step = await pendingStep(open, browser.signedIn, parts);
  if (step === "finish" && browser.signedIn !== null) {
    return finishAuthorization(state, client, browser.signedIn, parts, moment);
  }
  return request.prompts.includes("none")
    ? answerError(request, client, SILENT_ERRORS[step], browser.signedIn?.user.id ?? null, parts)
    : meet(step, open, browser, parts, moment);
}

const UNKNOWN: AuthorizationError = {
  code: "invalid_client",
  description: "the client is not known here",
  reason: "unknown_client",
};

const LOGIN_REQUIRED: AuthorizationError = {
  code: "login_required",
  description: "the user has to sign in",
  reason: "silent_login_required",
};

/** What `prompt=none` is told where somebody would have to be asked (OpenID Connect Core §3.1.2.6). */
const SILENT_ERRORS: Readonly<Record<PendingStep, AuthorizationError>> = {
  login: LOGIN_REQUIRED,
  select_account: LOGIN_REQUIRED,
  other_user: LOGIN_REQUIRED,
  finish: LOGIN_REQUIRED,
  consent: {
    code: "consent_required",
    description: "the user has to be asked for consent",
    reason: "silent_consent_required",
  },
};

/** A hint counts where it is an ID token that this client was given; another's would name a subject that means nothing here. */
async function admit(
  { idTokenHint, ...request }: AuthorizationRequest,
  { hints }: Pick<Authorizing, "hints">,
  { nowMs, defer }: Moment,
): Promise<AdmittedRequest> {
  const hinted = idTokenHint === null ? null : await hints.read(idTokenHint, nowMs, defer);
  return { ...request, expectedSubject: hinted?.clientId === request.clientId ? hinted.subject : null };
}

const TOO_MANY: AuthorizationError = {
  code: "temporarily_unavailable",
  description: "too many sign-ins were begun from your network",
  reason: "transactions_throttled",
};

/**
 * Begins the transaction, and asks. A transaction is an object with storage of its own, which anybody can have made: an address pays, and
 * for who is signed in their account, so that nobody who shares their network holds them up.
 */
async function meet(
  step: PendingStep,
  open: OpenTransaction,
  { signedIn, address }: AskingBrowser,
  parts: Authorizing,
  { nowMs }: Moment,
): Promise<AuthorizationStep> {
  const wait = await parts.issuer.transactionBudget.take(signedIn?.user.id ?? address, nowMs);
  if (wait !== null) {
    return { ...refusedPage(TOO_MANY, open.client.id), retryAfterSeconds: wait.retryAfterSeconds };
  }
  const id = newTransactionId(parts.issuer.random);
  await parts.transactions.begin(id, open.state);
  return signedIn !== null && (step === "select_account" || step === "consent")
    ? interactiveStep(step, id, open, signedIn, parts)
    : { kind: "login", transaction: id };
}

/** Refusals that turn on what the client may have, not on how the request is written. */
const ABOUT_RIGHTS: ReadonlySet<string> = new Set(["invalid_scope", "invalid_target", "unauthorized_client"]);

/**
 * Tells of a request that failed a check. To whom is a question of trust (RFC 9700 §4.11.2): a link to us that sends a
 * stranger on at once makes us a stepping stone of phishing. Redirect URIs are registered by operators alone, so a request
 * that is badly written is answered at once, for its developer; but one that is well written and asks for what it may not
 * have comes from nobody's mistake: where nobody is signed in and the client is a public one of another party, the person
 * is told on a page, and may go on to the client or not. `prompt=none` can show no page, and is exempt there too.
 */
function refuseRequest(
  { error, to }: RefusedRequest,
  client: ClientRecord | null,
  signedIn: SignedIn | null,
  isSilent: boolean,
  parts: Authorizing,
): AuthorizationStep {
  if (client === null || to === null) return refusedPage(error, client?.id ?? null);
  const isStranger = isPublicClient(client) && !client.person.firstParty && signedIn === null;
  return isStranger && !isSilent && ABOUT_RIGHTS.has(error.code)
    ? { ...refusedPage(error, client.id), leave: authorizationResponse(to, { kind: "error", error }, parts.issuer.url) }
    : answerError(to, client, error, signedIn?.user.id ?? null, parts);
}
