import type { CookieRules } from "../http/cookies.ts";
import { logEvent } from "../http/log.ts";
import type { ScopedContext } from "../http/request_scope.ts";
import {
  type AskingBrowser,
  type AuthorizationStep,
  type Authorizing,
  type RefusedStep,
  refusedPage,
  type SignedIn,
} from "../issuing/authorizing.ts";
import { continueAuthorization, TRANSACTION_GONE } from "../issuing/continue_authorization.ts";
import type { Moment } from "../issuing/issuer.ts";
import { sha256Base64url } from "../kernel/bytes.ts";
import type { RandomBytes } from "../kernel/random.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { AuthorizationResponse } from "../protocol/authorization_response.ts";
import type { Form } from "../protocol/form.ts";
import { newFormToken } from "../protocol/form_token.ts";
import { parseTransactionId, type TransactionId } from "../protocol/ids.ts";
import { type Browser, browserOf } from "./browser_cookie.ts";
import { type FormGuard, readPageForm } from "./form_guard.ts";

/** A step at which a person is asked something, with the token that its form has to carry. */
export interface AskingView extends Omit<Extract<AuthorizationStep, { kind: "consent" | "select_account" }>, "kind"> {
  readonly formToken: string;
}

/** The pages that the authorization endpoint shows. */
export interface AuthorizationPages {
  consent(view: AskingView): Promise<Response>;
  selectAccount(view: AskingView): Promise<Response>;
  formPost(client: ClientRecord, response: Extract<AuthorizationResponse, { kind: "form_post" }>): Promise<Response>;
  /** 400, or 429 where the step says when to come back. `leave` is where the person may go on to, if they choose. */
  refused(step: RefusedStep, requestId: string, leave: string | null): Promise<Response>;
}

/** What the authorization routes are built from. */
export interface AuthorizationDesk {
  readonly authorizing: Authorizing;
  readonly pages: AuthorizationPages;
  readonly forms: FormGuard;
  readonly cookies: CookieRules;
  readonly random: RandomBytes;
  /** Who is signed in in the browser that sent this request, with an enabled account; or null. */
  readonly signedIn: (c: ScopedContext) => Promise<SignedIn | null>;
}

/** A request at the desk: who asks, and when. */
export interface Visit {
  readonly browser: Browser;
  readonly asking: AskingBrowser;
  readonly moment: Moment;
}

/** Which route answers: it renders its own step itself, and sends the browser on for any other. */
export type DeskPath = "/oauth2/authorize" | "/oauth2/authorize/resume" | "/consent";

/** Reads who asks. */
export async function visit(c: ScopedContext, desk: AuthorizationDesk): Promise<Visit> {
  const browser = browserOf(c.req.raw.headers.get("cookie"), desk.cookies, desk.random);
  const [hash, signedIn] = await Promise.all([sha256Base64url(browser.id), desk.signedIn(c)]);
  const address = c.var.scope.addressUnit;
  const moment = { nowMs: c.var.scope.nowMs, defer: (work: Promise<unknown>) => c.executionCtx.waitUntil(work) };
  return { browser, asking: { hash, address, signedIn }, moment };
}

/** The response to `step`, and one log line for what it ends. */
export async function present(
  c: ScopedContext,
  step: AuthorizationStep,
  here: DeskPath,
  { browser }: Pick<Visit, "browser">,
  desk: AuthorizationDesk,
): Promise<Response> {
  logStep(c, step);
  const response = await responseTo(c, step, here, desk);
  if (browser.setCookie !== null) response.headers.append("set-cookie", browser.setCookie);
  response.headers.set("cache-control", "no-store");
  return response;
}

/** A form of one of the desk's pages: the transaction that it is about, and what was chosen. */
export interface DeskForm {
  readonly transaction: TransactionId;
  readonly form: Form;
}

/** The form that a page of the desk posted, written for the session that is signed in now; else the step that says why not. */
export async function takeDeskForm(
  c: ScopedContext,
  { asking: { signedIn } }: Visit,
  { forms }: AuthorizationDesk,
): Promise<DeskForm | RefusedStep> {
  const bearer = signedIn === null ? null : ({ kind: "session", sessionId: signedIn.session.id } as const);
  const form = await readPageForm(c.req.raw, bearer, forms);
  if (!form.ok) {
    const description = "the form was not written for this browser, or is too old";
    return refusedPage({ code: "invalid_request", description, reason: form.error });
  }
  const transaction = parseTransactionId(form.value.get("tx") ?? "");
  return transaction === null ? refusedPage(TRANSACTION_GONE) : { transaction, form: form.value };
}

/** Goes on with the transaction that the query names, and shows what is next at `here`. Changes nothing by itself. */
export async function resumeAt(c: ScopedContext, here: DeskPath, desk: AuthorizationDesk): Promise<Response> {
  const visitor = await visit(c, desk);
  const id = parseTransactionId(c.req.query("tx") ?? "");
  const step =
    id === null
      ? refusedPage(TRANSACTION_GONE)
      : await continueAuthorization(id, visitor.asking, desk.authorizing, visitor.moment);
  return present(c, step, here, visitor, desk);
}

/** The only way back from an interactive step, for whoever signs people in. */
export function resumePath(transaction: TransactionId): string {
  return `/oauth2/authorize/resume?tx=${transaction}`;
}

/** 303 to `location`: the next request is a GET, and carries no form along (RFC 9700 §4.12). */
export function seeOther(location: string): Response {
  return new Response(null, { status: 303, headers: { location, "cache-control": "no-store" } });
}

async function responseTo(
  c: ScopedContext,
  step: AuthorizationStep,
  here: DeskPath,
  desk: AuthorizationDesk,
): Promise<Response> {
  switch (step.kind) {
    case "login":
      return seeOther(`/login?tx=${step.transaction}`);
    case "select_account":
      return here === "/oauth2/authorize/resume"
        ? desk.pages.selectAccount(await askingView(step, desk))
        : seeOther(resumePath(step.transaction));
    case "consent":
      return here === "/consent"
        ? desk.pages.consent(await askingView(step, desk))
        : seeOther(`/consent?tx=${step.transaction}`);
    case "answer":
      return step.response.kind === "redirect"
        ? seeOther(step.response.location)
        : desk.pages.formPost(step.client, step.response);
    case "refused": {
      const leave = step.leave?.kind === "redirect" ? step.leave.location : null;
      return desk.pages.refused(step, c.var.scope.requestId, leave);
    }
  }
}

/** The form's token is of the session: a page that was written for one person is of no use to the next. */
async function askingView(
  { kind: _kind, ...step }: Extract<AuthorizationStep, { kind: "consent" | "select_account" }>,
  { forms, random }: AuthorizationDesk,
): Promise<AskingView> {
  const bearer = { kind: "session", sessionId: step.signedIn.session.id } as const;
  return { ...step, formToken: await newFormToken(bearer, forms.digest, random) };
}

function logStep(c: ScopedContext, step: AuthorizationStep): void {
  const { requestId: request_id, address } = c.var.scope;
  if (step.kind === "refused") {
    const { code: error, reason } = step.error;
    logEvent("authorization_refused", { request_id, address, error, reason, client_id: step.clientId });
  }
  if (step.kind !== "answer") return;
  const { clientId: client_id, userId: user_id, grantId: grant_id, error } = step.trace;
  const outcome = { error: error?.code ?? null, reason: error?.reason ?? null };
  logEvent("authorization_answered", { request_id, address, client_id, user_id, grant_id, ...outcome });
}
