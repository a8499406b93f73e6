import type { ScopedContext } from "../http/request_scope.ts";
import { readSessionCookie, setSessionCookie } from "../http/session_cookie.ts";
import { type CurrentSession, signOut } from "../issuing/current_session.ts";
import { challengeToShow, requireHuman } from "../issuing/require_human.ts";
import { type SignedIn, signIn } from "../issuing/sign_in.ts";
import { Busy } from "../kernel/busy.ts";
import { readMaxAge } from "../protocol/authorize/check_interaction.ts";
import { isTooLongAgo } from "../protocol/authorize/next_step.ts";
import { displayText } from "../protocol/display_text.ts";
import type { TransactionId } from "../protocol/ids.ts";
import { done } from "./account_form.ts";
import { resumePath, seeOther } from "./authorization_desk.ts";
import type { Browser } from "./browser_cookie.ts";
import { setKnownBrowser } from "./browser_cookies.ts";
import { deviceReturnPath } from "./device_return.ts";
import { emailReturnPath } from "./email_return.ts";
import {
  browserAt,
  browserSeal,
  logPerson,
  momentOf,
  type PageDesk,
  personAt,
  showPage,
  takeForm,
  transactionIn,
  visitorAt,
} from "./page_desk.ts";
import { HUMAN_FIELD } from "./pages/human_check.tsx";
import { type LoginProblem, loginPage } from "./pages/login_page.tsx";

const MAX_EMAIL = 254;
const HOME = "/account";

/**
 * `GET /login`: the form. Whoever is signed in already has nothing to do here, unless a transaction asks for it, or `max_age` (seconds) says
 * that it was too long ago: the gate leads here with it where a rule asks a session for a recent sign-in (RFC 9470).
 */
export async function loginPageRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  const tx = transactionIn(c.req.query("tx"));
  const person = tx === null ? await personAt(c, desk) : null;
  if (person !== null && !isStale(c, person)) return seeOther(HOME);
  return show(c, desk, { browser: browserAt(c, desk), tx, person, email: null, problem: null });
}

/** What cannot be read as a time asks for a sign-in: whoever put it there wants one. */
function isStale(c: ScopedContext, { session }: CurrentSession): boolean {
  const maxAge = readMaxAge(c.req.query("max_age"));
  return maxAge === "malformed" || isTooLongAgo(session, maxAge, c.var.scope.nowMs);
}

/**
 * `POST /login`. The session is a new one, whatever cookie came along (session fixation), and the way on is the transaction's
 * dispatcher, a mailed link or a device that waits, or the account, never an address that the form names.
 */
export async function loginRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  const browser = browserAt(c, desk);
  const form = await takeForm(c, { kind: "browser", browserId: browser.id }, "/login", desk);
  if (form instanceof Response) return form;
  const tx = transactionIn(form.get("tx"));
  const credentials = { email: form.get("email") ?? "", password: form.get("password") ?? "" };
  const { nowMs } = c.var.scope;
  const visitor = visitorAt(c, desk);
  const before = await personAt(c, desk);
  const shown = { browser, tx, person: tx === null ? before : null, email: credentials.email };
  const human = await requireHuman("login", credentials.email, form.get(HUMAN_FIELD), visitor, desk.people, nowMs);
  if (!human.ok) {
    const { error } = human;
    logPerson(c, "sign_in_refused", { reason: error.kind === "throttled" ? error.kind : error.loggedReason });
    return show(c, desk, { ...shown, problem: error });
  }
  const outcome = await unlessBusy(() => signIn(credentials, visitor, before?.session.id ?? null, desk.people, nowMs));
  if (!outcome.ok) {
    const { error } = outcome;
    const logged = error.kind === "wrong" ? { user_id: error.loggedUser, reason: error.loggedReason } : null;
    logPerson(c, "sign_in_refused", logged ?? { reason: error.kind });
    return show(c, desk, { ...shown, problem: error });
  }
  await endOther(c, desk, before, outcome.value);
  const { user, session, browser: known } = outcome.value;
  logPerson(c, "signed_in", { user_id: user.id, session_id: session.id });
  const onward = tx === null ? homePath(c, desk) : resumePath(tx);
  const isAgain = onward === HOME && before?.user.id === user.id;
  const response = isAgain ? done("signed_in_again", desk) : seeOther(onward);
  response.headers.append("set-cookie", setSessionCookie(session.token, desk.cookies));
  response.headers.append("set-cookie", setKnownBrowser(known, desk.cookies));
  return response;
}

/** Where somebody was on their way to before they had to sign in: a mailed link of their own, a device that waits, or the account. */
function homePath(c: ScopedContext, { cookies }: PageDesk): string {
  const header = c.req.raw.headers.get("cookie");
  return emailReturnPath(header, cookies) ?? deviceReturnPath(header, cookies) ?? HOME;
}

/** A browser has one session: that of another user, whose cookie goes now, would live on where nobody could end it. */
async function endOther(
  c: ScopedContext,
  desk: PageDesk,
  before: CurrentSession | null,
  after: SignedIn,
): Promise<void> {
  const cookie = readSessionCookie(c.req.raw.headers.get("cookie"), desk.cookies);
  if (before === null || cookie === null || before.user.id === after.user.id) return;
  await signOut(cookie, desk.people, c.var.scope.nowMs);
}

/** Passwords wait behind others at times: then the person is told so on the form, and loses nothing of it. */
async function unlessBusy<T>(
  work: () => Promise<T>,
): Promise<T | { readonly ok: false; readonly error: { readonly kind: "busy"; readonly retryAfterSeconds: number } }> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Busy)) throw error;
    return { ok: false, error: { kind: "busy", retryAfterSeconds: error.retryAfterSeconds } };
  }
}

interface LoginState {
  readonly browser: Browser;
  readonly tx: TransactionId | null;
  /** Who is signed in and has to sign in again; null where a transaction asks, or nobody is. */
  readonly person: CurrentSession | null;
  /** Null before anything was entered. */
  readonly email: string | null;
  readonly problem: LoginProblem | null;
}

const STATUS = { wrong: 401, throttled: 429, busy: 503, human_required: 403, human_unknown: 503 } as const;

async function show(c: ScopedContext, desk: PageDesk, state: LoginState): Promise<Response> {
  const { browser, tx, person, email, problem } = state;
  // A transaction that is over is no reason to refuse a sign-in; it leads to the account then.
  const context = tx === null ? null : await desk.loginContext(tx, browser.id, momentOf(c));
  const page = loginPage({
    seal: await browserSeal(browser, context === null ? null : tx, desk),
    client: context?.client ?? null,
    again: person !== null,
    email: displayText(email ?? context?.hint ?? person?.user.email ?? "", MAX_EMAIL, ""),
    problem,
    widget: await challengeToShow("login", email, visitorAt(c, desk), desk.people, c.var.scope.nowMs),
    leadsTo: context === null ? [] : [context.redirectUri],
  });
  if (problem === null) return showPage(page, browser, desk);
  const wait = "retryAfterSeconds" in problem ? { "retry-after": String(problem.retryAfterSeconds) } : {};
  return showPage(page, browser, desk, { status: STATUS[problem.kind], headers: wait });
}
