import type { CookieRules } from "../http/cookies.ts";
import { type LogFields, logEvent } from "../http/log.ts";
import type { ScopedContext } from "../http/request_scope.ts";
import { readSessionCookie } from "../http/session_cookie.ts";
import type { Connections } from "../issuing/connected_apps.ts";
import { type CurrentSession, currentSession } from "../issuing/current_session.ts";
import type { Moment } from "../issuing/issuer.ts";
import type { People, Visitor } from "../issuing/people.ts";
import { browserLabel } from "../protocol/browser_label.ts";
import type { Form } from "../protocol/form.ts";
import { type FormBearer, newFormToken } from "../protocol/form_token.ts";
import { parseTransactionId, type TransactionId } from "../protocol/ids.ts";
import { type Browser, browserOf } from "./browser_cookie.ts";
import { readKnownBrowser } from "./browser_cookies.ts";
import { type FormGuard, type PageFormFault, readPageForm } from "./form_guard.ts";
import type { FindLoginContext } from "./login_context.ts";
import { errorPage } from "./pages/error_page.tsx";
import type { FormSeal } from "./pages/form.tsx";
import type { Page } from "./pages/page.ts";
import { type PagePress, type PageTerms, pageResponse } from "./pages/page_response.ts";

/** What the page routes are built from. */
export interface PageDesk {
  readonly people: People;
  readonly connections: Connections;
  readonly loginContext: FindLoginContext;
  readonly press: PagePress;
  readonly forms: FormGuard;
  readonly cookies: CookieRules;
  /** The sentence for people that the configuration has for a scope; of the default API where `resource` is null. */
  readonly scopeInWords: (resource: string | null, scope: string) => string;
}

/** The browser that asks, on pages that know nobody yet. */
export function browserAt(c: ScopedContext, desk: PageDesk): Browser {
  return browserOf(c.req.raw.headers.get("cookie"), desk.cookies, desk.people.random);
}

/** Who asks, as far as limits and lists of sessions go. */
export function visitorAt(c: ScopedContext, desk: PageDesk): Visitor {
  const { headers } = c.req.raw;
  return {
    address: c.var.scope.addressUnit,
    knownBrowser: readKnownBrowser(headers.get("cookie"), desk.cookies),
    label: browserLabel(headers.get("user-agent")),
  };
}

/** Who is signed in, or null. */
export async function personAt(
  c: ScopedContext,
  desk: Pick<PageDesk, "people" | "cookies">,
): Promise<CurrentSession | null> {
  const cookie = readSessionCookie(c.req.raw.headers.get("cookie"), desk.cookies);
  return cookie === null ? null : currentSession(cookie, desk.people, c.var.scope.nowMs);
}

/** When this request is, and what may go on behind its answer. */
export function momentOf(c: ScopedContext): Moment {
  return { nowMs: c.var.scope.nowMs, defer: (work) => c.executionCtx.waitUntil(work) };
}

/** The transaction that a page or form names, or null: a name of another shape is none. */
export function transactionIn(text: string | undefined): TransactionId | null {
  return parseTransactionId(text ?? "");
}

/** The seal of a form for `bearer`. */
export async function seal(bearer: FormBearer, tx: TransactionId | null, desk: PageDesk): Promise<FormSeal> {
  return { formToken: await newFormToken(bearer, desk.forms.digest, desk.people.random), tx };
}

/** The seal of a form that is written before anybody is signed in. */
export function browserSeal(browser: Browser, tx: TransactionId | null, desk: PageDesk): Promise<FormSeal> {
  return seal({ kind: "browser", browserId: browser.id }, tx, desk);
}

/** `page`, with the cookie that its form depends on. */
export async function showPage(
  page: Page,
  browser: Browser | null,
  desk: PageDesk,
  terms: PageTerms = {},
): Promise<Response> {
  const response = await pageResponse(page, desk.press, terms);
  if (browser !== null && browser.setCookie !== null) response.headers.append("set-cookie", browser.setCookie);
  return response;
}

/** One line for what a person did or was refused. */
export function logPerson(c: ScopedContext, event: string, fields: LogFields = {}): void {
  const { requestId: request_id, address } = c.var.scope;
  logEvent(event, { request_id, address, ...fields });
}

const FORM_STATUS: Readonly<Record<PageFormFault, number>> = {
  form_origin_foreign: 403,
  form_origin_unknown: 403,
  form_token_missing: 403,
  form_token_wrong: 403,
  form_not_a_form: 415,
  form_too_large: 413,
  form_malformed: 400,
};

/**
 * The form of a POST, or the page that says why it is not looked at: all causes read alike, for a person meets only one of them,
 * a page that was left open. `again` is where a fresh one is.
 */
export async function takeForm(
  c: ScopedContext,
  bearer: FormBearer | null,
  again: string,
  desk: PageDesk,
): Promise<Form | Response> {
  const form = await readPageForm(c.req.raw, bearer, desk.forms);
  if (form.ok) return form.value;
  logPerson(c, "form_refused", { reason: form.error });
  const page = errorPage({
    title: "Please try that again",
    sentence: "This page was open for too long, or the form did not come from here. Nothing has changed.",
    requestId: c.var.scope.requestId,
    action: { href: again, label: "Open the page again" },
  });
  return pageResponse(page, desk.press, { status: FORM_STATUS[form.error] });
}
