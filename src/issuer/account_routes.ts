import type { ScopedContext } from "../http/request_scope.ts";
import { dropSessionCookie, setSessionCookie } from "../http/session_cookie.ts";
import { changePassword, type PasswordChangeFault } from "../issuing/change_password.ts";
import type { CurrentSession } from "../issuing/current_session.ts";
import type { Throttled } from "../issuing/guess_budgets.ts";
import { displayText } from "../protocol/display_text.ts";
import { parseSessionId } from "../protocol/ids.ts";
import { connectedApps } from "./account_apps_routes.ts";
import { done, signedInForm, withNotice } from "./account_form.ts";
import { seeOther } from "./authorization_desk.ts";
import { setKnownBrowser } from "./browser_cookies.ts";
import { logPerson, type PageDesk, personAt, seal, showPage, visitorAt } from "./page_desk.ts";
import { type AccountProps, accountPage } from "./pages/account_page.tsx";
import { loggedOutPage } from "./pages/logout_pages.tsx";
import type { PageTerms } from "./pages/page_response.ts";
import { waitInWords } from "./pages/words.ts";

const MAX_LABEL = 60;
/** The connected apps that the account's own page has room for. */
const MOST_APPS = 6;

/** `GET /account`: what a person has here. Whoever is not signed in is sent to sign in. */
export async function accountPageRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  const person = await personAt(c, desk);
  if (person === null) return seeOther("/login");
  return withNotice(c, desk, (notice) => show(c, desk, person, { notice }));
}

/** `POST /account/sessions/end`: one of the person's own, by its id. Another's is not found, and nothing happens. */
export function endSessionRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  return signedInForm(c, desk, "/account", async ({ user }, form) => {
    const session = parseSessionId(form.get("session") ?? "");
    if (session === null) return seeOther("/account");
    await desk.people.accounts.endSession(user.id, session, c.var.scope.nowMs);
    logPerson(c, "session_ended", { user_id: user.id, session_id: session });
    return done("session_ended", desk);
  });
}

/** `POST /account/password`: asks for the old one, and goes on in a new session. */
export function changePasswordRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  return signedInForm(c, desk, "/account", async (person, form) => {
    const entry = { current: form.get("current_password") ?? "", next: form.get("new_password") ?? "" };
    const changed = await changePassword(person, entry, visitorAt(c, desk), desk.people, c.var.scope.nowMs);
    if (!changed.ok) return passwordRefused(c, desk, person, changed.error);
    const { session, unopened, unfinished } = changed.value;
    logPerson(c, "password_changed", { user_id: person.user.id, unfinished, unopened: unopened ?? undefined });
    // Where the session is over, the account's page leads to the sign-in, and says what was done after it.
    const response = done("password_changed", desk);
    if (session !== null) response.headers.append("set-cookie", setSessionCookie(session.token, desk.cookies));
    const { browser: known } = changed.value;
    if (known !== null) response.headers.append("set-cookie", setKnownBrowser(known, desk.cookies));
    return response;
  });
}

/** `POST /account/sign-out`. */
export function signOutRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  return signedInForm(c, desk, "/account", async ({ user, session }) => {
    await desk.people.accounts.endSession(user.id, session.id, c.var.scope.nowMs);
    logPerson(c, "signed_out", { user_id: user.id, session_id: session.id });
    return gone(desk);
  });
}

/** `POST /account/sign-out-everywhere`: every session and every grant. */
export function signOutEverywhereRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  return signedInForm(c, desk, "/account", async ({ user }) => {
    await desk.people.accounts.endEverything(user.id, "sign_out_everywhere", null, c.var.scope.nowMs);
    logPerson(c, "signed_out_everywhere", { user_id: user.id });
    return gone(desk);
  });
}

/** `GET /account/signed-out`. */
export function signedOutRoute(desk: PageDesk): Promise<Response> {
  return showPage(loggedOutPage(), null, desk);
}

function gone(desk: PageDesk): Response {
  const response = seeOther("/account/signed-out");
  response.headers.append("set-cookie", dropSessionCookie(desk.cookies));
  return response;
}

function passwordRefused(
  c: ScopedContext,
  desk: PageDesk,
  person: CurrentSession,
  fault: PasswordChangeFault,
): Promise<Response> {
  const reason = fault.kind === "password_refused" ? fault.fault.code : fault.kind;
  logPerson(c, "password_change_refused", { user_id: person.user.id, reason });
  switch (fault.kind) {
    case "wrong":
      return show(c, desk, person, { currentPasswordFault: "This is not your current password." }, { status: 422 });
    case "superseded":
      // Where this session is over, that page leads to the sign-in.
      return Promise.resolve(seeOther("/account"));
    case "password_refused":
      return show(c, desk, person, { newPasswordFault: fault.fault.text }, { status: 422 });
    case "throttled":
      return tooMuch(c, desk, person, fault);
  }
}

function tooMuch(c: ScopedContext, desk: PageDesk, person: CurrentSession, { retryAfterSeconds }: Throttled) {
  const terms = { status: 429, headers: { "retry-after": String(retryAfterSeconds) } };
  return show(c, desk, person, { problem: `Please wait ${waitInWords(retryAfterSeconds)}.` }, terms);
}

type AccountRemarks = Partial<Pick<AccountProps, "notice" | "problem" | "currentPasswordFault" | "newPasswordFault">>;

async function show(
  c: ScopedContext,
  desk: PageDesk,
  person: CurrentSession,
  remarks: AccountRemarks,
  terms: PageTerms = {},
): Promise<Response> {
  const { nowMs } = c.var.scope;
  const { user, session } = person;
  const [sessions, connected] = await Promise.all([
    desk.people.accounts.listSessions(user.id, nowMs),
    connectedApps(c, desk, person, { from: 0, most: MOST_APPS }),
  ]);
  const page = accountPage({
    seal: await seal({ kind: "session", sessionId: session.id }, null, desk),
    nowMs,
    email: user.email,
    minLength: desk.people.settings.passwords.minLength,
    sessions: sessions.map(({ id, label, createdAtMs, lastSeenAtMs }) => ({
      id,
      label: displayText(label, MAX_LABEL, "Unknown browser"),
      current: id === session.id,
      createdAtMs,
      lastSeenAtMs,
    })),
    apps: connected.apps,
    appTotal: connected.total,
    notice: null,
    problem: null,
    currentPasswordFault: null,
    newPasswordFault: null,
    ...remarks,
  });
  return showPage(page, null, desk, terms);
}
