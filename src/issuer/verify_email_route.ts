import type { ScopedContext } from "../http/request_scope.ts";
import { readLink } from "../issuing/mail_person.ts";
import { verifyEmail } from "../issuing/verify_email.ts";
import { seeOther } from "./authorization_desk.ts";
import { browserAt, browserSeal, logPerson, type PageDesk, showPage, takeForm } from "./page_desk.ts";
import { deadLinkPage, emailVerifiedPage, verifyEmailPage } from "./pages/verify_email_page.tsx";

/** `GET /verify-email?token=..`: a button. The link is looked at, not spent: scanners of mail open links. */
export async function verifyEmailPageRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  const token = c.req.query("token") ?? "";
  const link = await readLink(token, "verify_email", desk.people, c.var.scope.nowMs);
  if (link === null) return deadLink(desk);
  const browser = browserAt(c, desk);
  const page = verifyEmailPage({ seal: await browserSeal(browser, null, desk), token, email: link.email });
  return showPage(page, browser, desk);
}

/** `POST /verify-email`. */
export async function verifyEmailRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  const browser = browserAt(c, desk);
  const form = await takeForm(c, { kind: "browser", browserId: browser.id }, "/account", desk);
  if (form instanceof Response) return form;
  const verified = await verifyEmail(form.get("token") ?? "", desk.people, c.var.scope.nowMs);
  if (!verified.ok) {
    logPerson(c, "email_verification_refused", { reason: verified.error.kind });
    return deadLink(desk);
  }
  logPerson(c, "email_verified", { user_id: verified.value.user });
  return seeOther("/verify-email/done");
}

/** `GET /verify-email/done`. */
export function emailVerifiedRoute(desk: PageDesk): Promise<Response> {
  return showPage(emailVerifiedPage(), null, desk);
}

function deadLink(desk: PageDesk): Promise<Response> {
  // Nobody signs in before the address is confirmed; the link that sets a password confirms it too.
  const again = { href: "/forgot", label: "Get another link by mail" };
  return showPage(deadLinkPage({ again }), null, desk, { status: 410 });
}
