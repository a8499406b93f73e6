import type { ScopedContext } from "../http/request_scope.ts";
import { forgotPassword } from "../issuing/forgot_password.ts";
import { challengeToShow, type HumanFault, requireHuman } from "../issuing/require_human.ts";
import { displayText } from "../protocol/display_text.ts";
import { seeOther } from "./authorization_desk.ts";
import type { Browser } from "./browser_cookie.ts";
import { browserAt, browserSeal, logPerson, type PageDesk, showPage, takeForm, visitorAt } from "./page_desk.ts";
import { forgotPage, forgotSentPage } from "./pages/forgot_page.tsx";
import { HUMAN_FIELD } from "./pages/human_check.tsx";

const MAX_EMAIL = 254;

/** `GET /forgot`: asks for the address. */
export async function forgotPageRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  return show(c, desk, browserAt(c, desk), "", null);
}

/** `POST /forgot`. What is told does not say whether the address has an account. */
export async function forgotRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  const browser = browserAt(c, desk);
  const form = await takeForm(c, { kind: "browser", browserId: browser.id }, "/forgot", desk);
  if (form instanceof Response) return form;
  const email = form.get("email") ?? "";
  const { nowMs } = c.var.scope;
  const visitor = visitorAt(c, desk);
  const human = await requireHuman("forgot", email, form.get(HUMAN_FIELD), visitor, desk.people, nowMs);
  const asked = human.ok ? await forgotPassword(email, visitor, desk.people, nowMs) : human;
  if (!asked.ok) {
    logPerson(c, "reset_link_refused", {
      reason: "loggedReason" in asked.error ? asked.error.loggedReason : asked.error.kind,
    });
    return show(c, desk, browser, email, asked.error);
  }
  logPerson(c, "reset_link_asked", { outcome: asked.value.loggedOutcome });
  return seeOther("/forgot/sent");
}

/** `GET /forgot/sent`: where the rest happens. */
export function forgotSentRoute(desk: PageDesk): Promise<Response> {
  return showPage(forgotSentPage({ linkSeconds: desk.people.settings.passwords.linkSeconds }), null, desk);
}

const STATUS = { throttled: 429, human_required: 403, human_unknown: 503 } as const;

async function show(
  c: ScopedContext,
  desk: PageDesk,
  browser: Browser,
  email: string,
  fault: HumanFault | null,
): Promise<Response> {
  const wait = fault?.kind === "throttled" ? fault.retryAfterSeconds : null;
  const page = forgotPage({
    seal: await browserSeal(browser, null, desk),
    email: displayText(email, MAX_EMAIL, ""),
    retryAfterSeconds: wait,
    human: fault === null || fault.kind === "throttled" ? null : fault,
    widget: await challengeToShow("forgot", email, visitorAt(c, desk), desk.people, c.var.scope.nowMs),
  });
  if (fault === null) return showPage(page, browser, desk);
  const headers = wait === null ? {} : { "retry-after": String(wait) };
  return showPage(page, browser, desk, { status: STATUS[fault.kind], headers });
}
