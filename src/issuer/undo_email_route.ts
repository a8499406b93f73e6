import type { ScopedContext } from "../http/request_scope.ts";
import { readLink } from "../issuing/mail_person.ts";
import { type UndoFault, undoEmailChange } from "../issuing/undo_email_change.ts";
import type { Browser } from "./browser_cookie.ts";
import { browserAt, browserSeal, logPerson, type PageDesk, showPage, takeForm, visitorAt } from "./page_desk.ts";
import { emailTakenPage, undoEmailChangePage } from "./pages/change_email_pages.tsx";
import { deadLinkPage } from "./pages/verify_email_page.tsx";
import { passwordIsSet } from "./reset_route.ts";

/** `GET /account/email/undo?token=..`: the form, where the link works. Nobody has to be signed in: its owner may have no way to. */
export async function undoEmailPageRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  return show(c, desk, browserAt(c, desk), c.req.query("token") ?? "", null);
}

/** `POST /account/email/undo`. The browser's own session goes too: whoever takes an account back signs in anew. */
export async function undoEmailRoute(c: ScopedContext, desk: PageDesk): Promise<Response> {
  const browser = browserAt(c, desk);
  const form = await takeForm(c, { kind: "browser", browserId: browser.id }, "/forgot", desk);
  if (form instanceof Response) return form;
  const entry = { token: form.get("token") ?? "", password: form.get("password") ?? "" };
  const undone = await undoEmailChange(entry, visitorAt(c, desk), desk.people, c.var.scope.nowMs);
  if (!undone.ok) return refused(c, desk, browser, entry.token, undone.error);
  const { user: user_id, eventId: event_id, unfinished } = undone.value;
  logPerson(c, "email_change_undone", { user_id, event_id, unfinished });
  return passwordIsSet(undone.value.browser, desk);
}

function refused(
  c: ScopedContext,
  desk: PageDesk,
  browser: Browser,
  token: string,
  fault: UndoFault,
): Promise<Response> {
  const reason = fault.kind === "password_refused" ? fault.fault.code : fault.kind;
  logPerson(c, "email_change_undo_refused", { reason });
  switch (fault.kind) {
    case "link_dead":
      return deadLink(desk);
    case "password_refused":
      return show(c, desk, browser, token, fault.fault.text);
    case "email_taken": {
      const action = { href: "/login", label: "Sign in" };
      return showPage(emailTakenPage({ action }), null, desk, { status: 409 });
    }
  }
}

async function show(
  c: ScopedContext,
  desk: PageDesk,
  browser: Browser,
  token: string,
  fault: string | null,
): Promise<Response> {
  const link = await readLink(token, "undo_email_change", desk.people, c.var.scope.nowMs);
  if (link === null) return deadLink(desk);
  const page = undoEmailChangePage({
    seal: await browserSeal(browser, null, desk),
    token,
    email: link.email,
    minLength: desk.people.settings.passwords.minLength,
    fault,
  });
  return showPage(page, browser, desk, { status: fault === null ? 200 : 422 });
}

function deadLink(desk: PageDesk): Promise<Response> {
  const again = { href: "/forgot", label: "Set a new password" };
  return showPage(deadLinkPage({ again }), null, desk, { status: 410 });
}
