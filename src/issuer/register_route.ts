import type { ScopedContext } from "../http/request_scope.ts";
import { type RegistrationFault, registerUser } from "../issuing/register_user.ts";
import { challengeToShow, type HumanFault, requireHuman } from "../issuing/require_human.ts";
import { displayText } from "../protocol/display_text.ts";
import type { TransactionId } from "../protocol/ids.ts";
import { seeOther } from "./authorization_desk.ts";
import type { Browser } from "./browser_cookie.ts";
import { setRegistration } from "./browser_cookies.ts";
import {
  browserAt,
  browserSeal,
  logPerson,
  type PageDesk,
  showPage,
  takeForm,
  transactionIn,
  visitorAt,
} from "./page_desk.ts";
import { HUMAN_FIELD } from "./pages/human_check.tsx";
import { registeredPage, registerPage } from "./pages/register_page.tsx";

const MAX_EMAIL = 254;

/** `GET /register`: the form. */
export async function registerPageRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  return show(c, desk, { browser: browserAt(c, desk), tx: transactionIn(c.req.query("tx")), email: "", fault: null });
}

/** `POST /register`. What is told does not say whether the address had an account. */
export async function registerRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  const browser = browserAt(c, desk);
  const form = await takeForm(c, { kind: "browser", browserId: browser.id }, "/register", desk);
  if (form instanceof Response) return form;
  const tx = transactionIn(form.get("tx"));
  const entry = { email: form.get("email") ?? "", password: form.get("password") ?? "" };
  const { nowMs } = c.var.scope;
  const visitor = visitorAt(c, desk);
  const human = await requireHuman("register", entry.email, form.get(HUMAN_FIELD), visitor, desk.people, nowMs);
  const registered = human.ok ? await registerUser(entry, visitor, desk.people, nowMs) : human;
  if (registered.ok) {
    logPerson(c, "registration_received", { outcome: registered.value.loggedOutcome });
    const response = seeOther(tx === null ? "/register/sent" : `/register/sent?tx=${tx}`);
    const { linkSeconds } = desk.people.settings.passwords;
    response.headers.append("set-cookie", setRegistration(registered.value.proof, linkSeconds, desk.cookies));
    return response;
  }
  logPerson(c, "registration_refused", { reason: reasonOf(registered.error) });
  return show(c, desk, { browser, tx, email: entry.email, fault: registered.error });
}

/** `GET /register/sent`: where the rest happens. */
export function registeredRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  return showPage(registeredPage({ tx: transactionIn(c.req.query("tx")) }), null, desk);
}

function reasonOf(fault: RegistrationFault | HumanFault): string {
  if ("loggedReason" in fault) return fault.loggedReason;
  return fault.kind === "password_refused" ? fault.fault.code : fault.kind;
}

const STATUS: Readonly<Partial<Record<string, number>>> = { human_required: 403, human_unknown: 503 };

interface RegisterState {
  readonly browser: Browser;
  readonly tx: TransactionId | null;
  readonly email: string;
  readonly fault: RegistrationFault | HumanFault | null;
}

async function show(c: ScopedContext, desk: PageDesk, { browser, tx, email, fault }: RegisterState): Promise<Response> {
  const wait = fault?.kind === "throttled" ? fault.retryAfterSeconds : null;
  const page = registerPage({
    seal: await browserSeal(browser, tx, desk),
    email: displayText(email, MAX_EMAIL, ""),
    minLength: desk.people.settings.passwords.minLength,
    emailFault: fault?.kind === "email_invalid" ? "This is not an email address that mail can be sent to." : null,
    passwordFault: fault?.kind === "password_refused" ? fault.fault.text : null,
    retryAfterSeconds: wait,
    human: fault?.kind === "human_required" || fault?.kind === "human_unknown" ? fault : null,
    widget: await challengeToShow("register", email, visitorAt(c, desk), desk.people, c.var.scope.nowMs),
  });
  if (fault === null) return showPage(page, browser, desk);
  const terms =
    wait === null ? { status: STATUS[fault.kind] ?? 422 } : { status: 429, headers: { "retry-after": String(wait) } };
  return showPage(page, browser, desk, terms);
}
