import type { ScopedContext } from "../http/request_scope.ts";
import { challengeToShow } from "../issuing/require_human.ts";
import { type ConfirmFault, readVerification, verifyEmail } from "../issuing/verify_email.ts";
import { seeOther } from "./authorization_desk.ts";
import type { Browser } from "./browser_cookie.ts";
import { dropRegistration, readRegistration, setKnownBrowser } from "./browser_cookies.ts";
import { browserAt, browserSeal, logPerson, type PageDesk, showPage, takeForm, visitorAt } from "./page_desk.ts";
import { HUMAN_FIELD } from "./pages/human_check.tsx";
import type { PageTerms } from "./pages/page_response.ts";
import { deadLinkPage, emailVerifiedPage, type VerifyEmailProps, verifyEmailPage } from "./pages/verify_email_page.tsx";

/** `GET /verify-email?token=..`: a form. The link is looked at, not spent: scanners of mail open links. */
export async function verifyEmailPageRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  return show(c, desk, browserAt(c, desk), c.req.query("token") ?? "", {});
}

/** `POST /verify-email`. Whoever does not show that they chose the password of the account confirms nothing. */
export async function verifyEmailRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  const browser = browserAt(c, desk);
  const form = await takeForm(c, { kind: "browser", browserId: browser.id }, "/account", desk);
  if (form instanceof Response) return form;
  const token = form.get("token") ?? "";
  const password = form.get("password") ?? "";
  const entry = { token, proof: proofIn(c, desk), password, humanToken: form.get(HUMAN_FIELD) };
  const verified = await verifyEmail(entry, visitorAt(c, desk), desk.people, c.var.scope.nowMs);
  if (!verified.ok) return refused(c, desk, browser, token, verified.error);
  const { user: user_id, browser: known, unfinished } = verified.value;
  logPerson(c, "email_verified", { user_id, unfinished });
  const response = seeOther("/verify-email/done");
  response.headers.append("set-cookie", dropRegistration(desk.cookies));
  if (known !== null) response.headers.append("set-cookie", setKnownBrowser(known, desk.cookies));
  return response;
}

/** `GET /verify-email/done`. */
export function emailVerifiedRoute(desk: PageDesk): Promise<Response> {
  return showPage(emailVerifiedPage(), null, desk);
}

function proofIn(c: ScopedContext, desk: PageDesk): string | null {
  return readRegistration(c.req.raw.headers.get("cookie"), desk.cookies);
}

function refused(
  c: ScopedContext,
  desk: PageDesk,
  browser: Browser,
  token: string,
  fault: ConfirmFault,
): Promise<Response> {
  const logged = fault.kind === "wrong" ? { user_id: fault.loggedUser, reason: fault.loggedReason } : null;
  const reason = "loggedReason" in fault ? fault.loggedReason : fault.kind;
  logPerson(c, "email_verification_refused", logged ?? { reason });
  switch (fault.kind) {
    case "link_dead":
      return deadLink(desk);
    case "password_wanted":
      return show(c, desk, browser, token, { passwordFault: "Enter the password of the account." }, { status: 422 });
    case "wrong":
      return show(
        c,
        desk,
        browser,
        token,
        { passwordFault: "This is not the password of the account." },
        { status: 422 },
      );
    case "human_required":
      return show(c, desk, browser, token, { human: fault }, { status: 403 });
    case "human_unknown":
      return show(c, desk, browser, token, { human: fault }, { status: 503 });
    case "throttled": {
      const { retryAfterSeconds } = fault;
      const headers = { "retry-after": String(retryAfterSeconds) };
      return show(c, desk, browser, token, { retryAfterSeconds }, { status: 429, headers });
    }
  }
}

async function show(
  c: ScopedContext,
  desk: PageDesk,
  browser: Browser,
  token: string,
  faults: Partial<Pick<VerifyEmailProps, "passwordFault" | "retryAfterSeconds" | "human">>,
  terms: PageTerms = {},
): Promise<Response> {
  const { people } = desk;
  const { nowMs } = c.var.scope;
  const link = await readVerification({ token, proof: proofIn(c, desk) }, people, nowMs);
  if (link === null) return deadLink(desk);
  const seal = await browserSeal(browser, null, desk);
  const widget = link.asksPassword
    ? await challengeToShow("login", link.email, visitorAt(c, desk), people, nowMs)
    : null;
  const nothing = { passwordFault: null, retryAfterSeconds: null, human: null };
  const page = verifyEmailPage({ seal, token, ...link, widget, ...nothing, ...faults });
  return showPage(page, browser, desk, terms);
}

function deadLink(desk: PageDesk): Promise<Response> {
  // Nobody signs in before the address is confirmed; the link that sets a password confirms it too.
  const again = { href: "/forgot", label: "Get another link by mail" };
  return showPage(deadLinkPage({ again }), null, desk, { status: 410 });
}
