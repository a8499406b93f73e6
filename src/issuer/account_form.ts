import type { ScopedContext } from "../http/request_scope.ts";
import type { CurrentSession } from "../issuing/current_session.ts";
import type { Form } from "../protocol/form.ts";
import { seeOther } from "./authorization_desk.ts";
import { dropNotice, readNotice, setNotice } from "./browser_cookies.ts";
import { type PageDesk, personAt, takeForm } from "./page_desk.ts";
import type { AccountNotice } from "./pages/account_notice.tsx";

const NOTICES: ReadonlySet<string> = new Set<AccountNotice>([
  "password_changed",
  "session_ended",
  "access_withdrawn",
  "email_changed",
  "signed_in_again",
]);

/** The one way into what changes an account: a session, and a form that was written for that session. `again` is where one is. */
export async function signedInForm(
  c: ScopedContext,
  desk: PageDesk,
  again: string,
  act: (person: CurrentSession, form: Form) => Promise<Response>,
): Promise<Response> {
  const person = await personAt(c, desk);
  const bearer = person === null ? null : ({ kind: "session", sessionId: person.session.id } as const);
  const form = await takeForm(c, bearer, again, desk);
  if (form instanceof Response) return form;
  // Without a session there is no bearer, and no form passed.
  return person === null ? seeOther("/login") : act(person, form);
}

/** On to the page at `path`, which says once what was done. */
export function done(notice: AccountNotice, desk: PageDesk, path = "/account"): Response {
  const response = seeOther(path);
  response.headers.append("set-cookie", setNotice(notice, desk.cookies));
  return response;
}

/** What a page shows that has something to say once: `show` is given that, or null. */
export async function withNotice(
  c: ScopedContext,
  desk: PageDesk,
  show: (notice: AccountNotice | null) => Promise<Response>,
): Promise<Response> {
  const notice = readNotice(c.req.raw.headers.get("cookie"), desk.cookies);
  const response = await show(isNotice(notice) ? notice : null);
  if (notice !== null) response.headers.append("set-cookie", dropNotice(desk.cookies));
  return response;
}

function isNotice(word: string | null): word is AccountNotice {
  return word !== null && NOTICES.has(word);
}
