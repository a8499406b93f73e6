import type { ScopedContext } from "../http/request_scope.ts";
import { dropSessionCookie } from "../http/session_cookie.ts";
import { readLink } from "../issuing/mail_person.ts";
import { resetPassword } from "../issuing/reset_password.ts";
import { seeOther } from "./authorization_desk.ts";
import type { Browser } from "./browser_cookie.ts";
import { setKnownBrowser } from "./browser_cookies.ts";
import { browserAt, browserSeal, logPerson, type PageDesk, showPage, takeForm, visitorAt } from "./page_desk.ts";
import { resetDonePage, resetPage } from "./pages/forgot_page.tsx";
import { deadLinkPage } from "./pages/verify_email_page.tsx";

/** `GET /reset?token=..`: the form, where the link works. A look spends nothing: scanners of mail open links. */
export async function resetPageRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  return show(c, desk, browserAt(c, desk), c.req.query("token") ?? "", null);
}

/** `POST /reset`. The browser's own session goes too: whoever resets signs in anew. */
export async function resetRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  const browser = browserAt(c, desk);
  const form = await takeForm(c, { kind: "browser", browserId: browser.id }, "/forgot", desk);
  if (form instanceof Response) return form;
  const entry = { token: form.get("token") ?? "", password: form.get("password") ?? "" };
  const reset = await resetPassword(entry, visitorAt(c, desk), desk.people, c.var.scope.nowMs);
  if (!reset.ok) {
    const { error } = reset;
    const reason = error.kind === "link_dead" ? error.kind : error.fault.code;
    logPerson(c, "password_reset_refused", { reason });
    return error.kind === "link_dead" ? deadLink(desk) : show(c, desk, browser, entry.token, error.fault.text);
  }
  logPerson(c, "password_reset", { user_id: reset.value.user, unfinished: reset.value.unfinished });
  return passwordIsSet(reset.value.browser, desk);
}

/** After a password was set behind a link: the browser's own session goes, and the browser is known under `known` where it has a new id. */
export function passwordIsSet(known: string | null, desk: PageDesk): Response {
  const response = seeOther("/reset/done");
  response.headers.append("set-cookie", dropSessionCookie(desk.cookies));
  if (known !== null) response.headers.append("set-cookie", setKnownBrowser(known, desk.cookies));
  return response;
}

/** `GET /reset/done`. */
export function resetDoneRoute(desk: PageDesk): Promise<Response> {
  return showPage(resetDonePage(), null, desk);
}

async function show(
  c: ScopedContext,
  desk: PageDesk,
  browser: Browser,
  token: string,
  fault: string | null,
): Promise<Response> {
  const link = await readLink(token, "reset_password", desk.people, c.var.scope.nowMs);
  if (link === null) return deadLink(desk);
  const seal = await browserSeal(browser, null, desk);
  const page = resetPage({
    seal,
    token,
    email: link.email,
    minLength: desk.people.settings.passwords.minLength,
    fault,
  });
  return showPage(page, browser, desk, { status: fault === null ? 200 : 422 });
}

function deadLink(desk: PageDesk): Promise<Response> {
  const again = { href: "/forgot", label: "Ask for a new link" };
  return showPage(deadLinkPage({ again }), null, desk, { status: 410 });
}
