import type { ScopedContext } from "../http/request_scope.ts";
import {
  askEmailChange,
  confirmEmailChange,
  type EmailChangeFault,
  type EmailConfirmFault,
  readEmailChange,
} from "../issuing/change_email.ts";
import type { CurrentSession } from "../issuing/current_session.ts";
import { readLink } from "../issuing/mail_person.ts";
import { displayText } from "../protocol/display_text.ts";
import { done, signedInForm } from "./account_form.ts";
import { seeOther } from "./authorization_desk.ts";
import { setKnownBrowser } from "./browser_cookies.ts";
import { dropEmailReturn, emailReturnPath, isLinkToken, setEmailReturn } from "./email_return.ts";
import { logPerson, type PageDesk, personAt, seal, showPage, visitorAt } from "./page_desk.ts";
import {
  type ChangeEmailProps,
  changeEmailPage,
  changeEmailSentPage,
  confirmNewEmailPage,
  emailTakenPage,
  otherAccountPage,
  signInToConfirmPage,
} from "./pages/change_email_pages.tsx";
import { deadLinkPage } from "./pages/verify_email_page.tsx";

const MAX_EMAIL = 254;
const FORM = "/account/email";

/** `GET /account/email`: asks for the new address and the password. */
export async function changeEmailPageRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  const person = await personAt(c, desk);
  return person === null ? seeOther("/login") : show(desk, person, {});
}

/** `POST /account/email`: a mail to the new address. What is told does not say whether that has an account. */
export function changeEmailRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  return signedInForm(c, desk, FORM, async (person, form) => {
    const entry = { email: form.get("new_email") ?? "", password: form.get("current_password") ?? "" };
    const asked = await askEmailChange(person, entry, visitorAt(c, desk), desk.people, c.var.scope.nowMs);
    if (!asked.ok) return askRefused(c, desk, person, entry.email, asked.error);
    logPerson(c, "email_change_asked", { user_id: person.user.id, outcome: asked.value.loggedOutcome });
    const response = seeOther(`${FORM}/sent`);
    response.headers.append("set-cookie", setKnownBrowser(asked.value.browser, desk.cookies));
    return response;
  });
}

/** `GET /account/email/sent`: where the rest happens. */
export function changeEmailSentRoute(desk: PageDesk): Promise<Response> {
  return showPage(changeEmailSentPage({ linkSeconds: desk.people.settings.passwords.linkSeconds }), null, desk);
}

/**
 * `GET /account/email/confirm?token=..`: a button, for who is signed in to that account. A stranger is asked to sign in and comes back.
 * The link is looked at, not spent: scanners of mail open links.
 */
export async function confirmEmailPageRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  const token = c.req.query("token") ?? "";
  const person = await personAt(c, desk);
  if (person === null) return askToSignIn(c, desk, token);
  const read = await readEmailChange(token, person, desk.people, c.var.scope.nowMs);
  const response = read.ok
    ? await showPage(
        confirmNewEmailPage({
          seal: await seal({ kind: "session", sessionId: person.session.id }, null, desk),
          token,
          email: person.user.email,
          newEmail: read.value.email,
        }),
        null,
        desk,
      )
    : await confirmRefused(desk, person, read.error);
  const isBack = emailReturnPath(c.req.raw.headers.get("cookie"), desk.cookies) !== null;
  if (isBack) response.headers.append("set-cookie", dropEmailReturn(desk.cookies));
  return response;
}

/** `POST /account/email/confirm`: the account has the new address from here on. */
export async function confirmEmailRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  return signedInForm(c, desk, FORM, async (person, form) => {
    const token = form.get("token") ?? "";
    const changed = await confirmEmailChange(token, person, visitorAt(c, desk), desk.people, c.var.scope.nowMs);
    if (!changed.ok) {
      logPerson(c, "email_change_refused", { user_id: person.user.id, reason: changed.error.kind });
      return confirmRefused(desk, person, changed.error);
    }
    const { user: user_id, eventId: event_id, unfinished } = changed.value;
    logPerson(c, "email_changed", { user_id, event_id, unfinished });
    const response = done("email_changed", desk);
    const { browser: known } = changed.value;
    if (known !== null) response.headers.append("set-cookie", setKnownBrowser(known, desk.cookies));
    return response;
  });
}

async function askToSignIn(c: ScopedContext, desk: PageDesk, token: string): Promise<Response> {
  const link = isLinkToken(token) ? await readLink(token, "change_email", desk.people, c.var.scope.nowMs) : null;
  if (link === null) return deadLink(desk);
  const response = await showPage(signInToConfirmPage({ newEmail: link.email }), null, desk);
  response.headers.append("set-cookie", setEmailReturn(token, desk.cookies));
  return response;
}

function askRefused(
  c: ScopedContext,
  desk: PageDesk,
  person: CurrentSession,
  newEmail: string,
  fault: EmailChangeFault,
): Promise<Response> {
  const reason = fault.kind === "wrong" ? fault.loggedReason : fault.kind;
  logPerson(c, "email_change_refused", { user_id: person.user.id, reason });
  const again = { newEmail: displayText(newEmail, MAX_EMAIL, "") };
  switch (fault.kind) {
    case "email_invalid":
      return show(desk, person, { ...again, newEmailFault: "Mail cannot be sent to this address." }, 422);
    case "email_same":
      return show(desk, person, { ...again, newEmailFault: "This is your email address already." }, 422);
    case "wrong":
      return show(desk, person, { ...again, passwordFault: "This is not your current password." }, 422);
    case "throttled":
      return show(desk, person, { ...again, retryAfterSeconds: fault.retryAfterSeconds }, 429);
  }
}

function confirmRefused(desk: PageDesk, { user }: CurrentSession, fault: EmailConfirmFault): Promise<Response> {
  switch (fault.kind) {
    case "link_dead":
      return deadLink(desk);
    case "other_account":
      return showPage(otherAccountPage({ email: user.email }), null, desk, { status: 403 });
    case "email_taken": {
      const action = { href: FORM, label: "Choose another address" };
      return showPage(emailTakenPage({ action }), null, desk, { status: 409 });
    }
  }
}

async function show(
  desk: PageDesk,
  { user, session }: CurrentSession,
  remarks: Partial<ChangeEmailProps>,
  status = 200,
): Promise<Response> {
  const page = changeEmailPage({
    seal: await seal({ kind: "session", sessionId: session.id }, null, desk),
    email: user.email,
    newEmail: "",
    linkSeconds: desk.people.settings.passwords.linkSeconds,
    newEmailFault: null,
    passwordFault: null,
    retryAfterSeconds: null,
    ...remarks,
  });
  const { retryAfterSeconds: wait = null } = remarks;
  return showPage(page, null, desk, { status, headers: wait === null ? {} : { "retry-after": String(wait) } });
}

function deadLink(desk: PageDesk): Promise<Response> {
  const again = { href: FORM, label: "Ask for a new link" };
  return showPage(deadLinkPage({ again }), null, desk, { status: 410 });
}
