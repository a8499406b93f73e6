import type { ScopedContext } from "../http/request_scope.ts";
import { forgotPassword } from "../issuing/forgot_password.ts";
import { displayText } from "../protocol/display_text.ts";
import { seeOther } from "./authorization_desk.ts";
import type { Browser } from "./browser_cookie.ts";
import { browserAt, browserSeal, logPerson, type PageDesk, showPage, takeForm, visitorAt } from "./page_desk.ts";
import { forgotPage, forgotSentPage } from "./pages/forgot_page.tsx";

const MAX_EMAIL = 254;

/** `GET /forgot`: asks for the address. */
export async function forgotPageRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  return show(desk, browserAt(c, desk), "", null);
}

/** `POST /forgot`. What is told does not say whether the address has an account. */
export async function forgotRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  const browser = browserAt(c, desk);
  const form = await takeForm(c, { kind: "browser", browserId: browser.id }, "/forgot", desk);
  if (form instanceof Response) return form;
  const email = form.get("email") ?? "";
  const asked = await forgotPassword(email, visitorAt(c, desk), desk.people, c.var.scope.nowMs);
  if (!asked.ok) {
    logPerson(c, "reset_link_refused", { reason: asked.error.kind });
    return show(desk, browser, email, asked.error.retryAfterSeconds);
  }
  logPerson(c, "reset_link_asked", { outcome: asked.value.loggedOutcome });
  return seeOther("/forgot/sent");
}

/** `GET /forgot/sent`: where the rest happens. */
export function forgotSentRoute(desk: PageDesk): Promise<Response> {
  return showPage(forgotSentPage({ linkSeconds: desk.people.settings.passwords.linkSeconds }), null, desk);
}

async function show(desk: PageDesk, browser: Browser, email: string, wait: number | null): Promise<Response> {
  const page = forgotPage({
    seal: await browserSeal(browser, null, desk),
    email: displayText(email, MAX_EMAIL, ""),
    retryAfterSeconds: wait,
  });
  const terms = wait === null ? {} : { status: 429, headers: { "retry-after": String(wait) } };
  return showPage(page, browser, desk, terms);
}
