import type { Hono } from "hono";
import type { ScopedContext, ScopedEnv } from "../http/request_scope.ts";
import { dropSessionCookie, readSessionCookie } from "../http/session_cookie.ts";
import type { CurrentSession } from "../issuing/current_session.ts";
import { confirmLogout, type LogoutStep, logout, type SigningOut } from "../issuing/end_session.ts";
import type { Issuer } from "../issuing/issuer.ts";
import type { Result } from "../kernel/result.ts";
import type { AuthorizationError } from "../protocol/authorize/authorization_error.ts";
import { type AuthorizationParameters, parseParameters } from "../protocol/authorize/parameters.ts";
import { formOriginFault } from "../protocol/form_origin.ts";
import { parseClientId } from "../protocol/ids.ts";
import { type LogoutRequest, parseLogoutRequest } from "../protocol/logout_request.ts";
import { type AuthorizationDesk, seeOther } from "./authorization_desk.ts";
import { queryOf, readBody } from "./authorize_route.ts";
import { dropNotice } from "./browser_cookies.ts";
import { logPerson, momentOf, type PageDesk, personAt, seal, showPage, takeForm } from "./page_desk.ts";
import { asPage, methodNotAllowed } from "./page_routes.ts";
import { clientView } from "./pages/client_view.tsx";
import { errorPage } from "./pages/error_page.tsx";
import { carryLogoutPage, loggedOutPage, logoutPage } from "./pages/logout_pages.tsx";

const LOGOUT = "/oauth2/logout";
const CONFIRM = "/oauth2/logout/confirm";

/**
 * What the browser may still hold of a session: copies of pages, and what scripts stored, of which there is nothing (V14.3.1). Not
 * "cookies": that reaches all hosts of the registrable domain, the neighbours' sessions among them, and the cookie by
 * which a browser is known to have signed in before. Ours are dropped by name.
 */
const CLEARED = '"cache", "storage"';

/** What the logout routes are built from: of the issuer's app, no more than this. */
export interface LogoutParts {
  readonly issuer: Pick<Issuer, "clients" | "revocations">;
  readonly desks: { readonly pages: PageDesk; readonly authorization: AuthorizationDesk };
}

/** A request, and the person who is signed in where it came from. */
interface LogoutCall {
  readonly request: LogoutRequest;
  readonly person: CurrentSession | null;
}

/** Adds the logout endpoint to `app`, which has opened a request's scope already. No CORS: it is navigated to. */
export function logoutRoutes(app: Hono<ScopedEnv>, { issuer, desks }: LogoutParts): void {
  const desk = desks.pages;
  const signingOut: SigningOut = {
    clients: issuer.clients,
    revocations: issuer.revocations,
    hints: desks.authorization.authorizing.hints,
    people: desk.people,
    hintSeconds: desk.people.settings.sessions.absoluteSeconds,
  };
  app.on(["GET", "POST"], LOGOUT, (c) => asPage(c, desk, () => logoutRoute(c, desk, signingOut)));
  app.post(CONFIRM, (c) => asPage(c, desk, () => confirmRoute(c, desk, signingOut)));
  app.all(LOGOUT, (c) => asPage(c, desk, () => methodNotAllowed(c, desk, "GET, HEAD, POST")));
  app.all(CONFIRM, (c) => asPage(c, desk, () => methodNotAllowed(c, desk, "POST")));
}

/** `GET` and `POST /oauth2/logout` (OpenID Connect RP-Initiated Logout §2). */
async function logoutRoute(c: ScopedContext, desk: PageDesk, signingOut: SigningOut): Promise<Response> {
  const parameters = await readParameters(c.req.raw);
  const request = parameters.ok ? parseLogoutRequest(parameters.value) : parameters;
  if (!request.ok) return refused(c, request.error, desk);
  const person = await personAt(c, desk);
  const call = { request: request.value, person };
  const step = await logout(request.value, person, isVisit(c.req.raw), signingOut, momentOf(c));
  if (step.ok && isBlindPost(c.req.raw, desk)) return carried(call, step.value, desk);
  return present(c, step, call, desk);
}

/**
 * `POST /oauth2/logout/confirm`: the person's answer, by a form that was written for this session. Where nobody is signed in
 * any more there is nothing to guard: a second click is told the same as the first.
 */
async function confirmRoute(c: ScopedContext, desk: PageDesk, signingOut: SigningOut): Promise<Response> {
  const person = await personAt(c, desk);
  if (person === null) return logoutRoute(c, desk, signingOut);
  const form = await takeForm(c, { kind: "session", sessionId: person.session.id }, LOGOUT, desk);
  if (form instanceof Response) return form;
  if (form.get("decision") !== "sign_out") return seeOther("/account");
  const request = {
    idTokenHint: null,
    clientId: parseClientId(form.get("client_id") ?? ""),
    postLogoutRedirectUri: form.get("post_logout_redirect_uri") ?? null,
    state: form.get("state") ?? null,
  };
  return present(c, await confirmLogout(request, person, signingOut, momentOf(c)), { request, person }, desk);
}

async function present(
  c: ScopedContext,
  step: Result<LogoutStep, AuthorizationError>,
  call: LogoutCall,
  desk: PageDesk,
): Promise<Response> {
  if (!step.ok) return refused(c, step.error, desk);
  return step.value.kind === "ask" ? ask(c, step.value, call, desk) : over(c, step.value, desk);
}

async function ask(
  c: ScopedContext,
  { client, onward }: Extract<LogoutStep, { kind: "ask" }>,
  { request, person }: LogoutCall,
  desk: PageDesk,
): Promise<Response> {
  // Nobody is asked who is not signed in.
  if (person === null) return showPage(loggedOutPage(), null, desk);
  const { user, session } = person;
  logPerson(c, "sign_out_asked", { user_id: user.id, client_id: client?.id ?? null });
  const back = client === null || onward === null ? {} : { ...backFields(request), client_id: client.id };
  const page = logoutPage({
    seal: await seal({ kind: "session", sessionId: session.id }, null, desk),
    action: CONFIRM,
    client: client === null ? null : clientView(client, onward?.uri ?? null),
    person: user.email,
    fields: back,
    leadsTo: onward === null ? [] : [onward.uri],
  });
  return showPage(page, null, desk);
}

async function over(
  c: ScopedContext,
  { client, onward, ended }: Extract<LogoutStep, { kind: "over" }>,
  desk: PageDesk,
): Promise<Response> {
  if (ended !== null) {
    const { userId: user_id, sessionId: session_id, pending } = ended;
    logPerson(c, "signed_out", { user_id, session_id, client_id: client?.id ?? null, pending });
  }
  const link =
    client === null || onward === null ? null : { href: onward.uri, clientName: clientView(client, null).name };
  const response = onward?.how === "redirect" ? seeOther(onward.uri) : await showPage(loggedOutPage(link), null, desk);
  if (readSessionCookie(c.req.raw.headers.get("cookie"), desk.cookies) !== null) clearBrowser(response, desk);
  return response;
}

function clearBrowser({ headers }: Response, { cookies }: PageDesk): void {
  headers.append("set-cookie", dropSessionCookie(cookies));
  headers.append("set-cookie", dropNotice(cookies));
  headers.set("clear-site-data", CLEARED);
}

function carried({ request }: LogoutCall, { onward }: LogoutStep, desk: PageDesk): Promise<Response> {
  const { idTokenHint, clientId } = request;
  const fields = { id_token_hint: idTokenHint, client_id: clientId, ...backFields(request) };
  const sent = Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  return showPage(carryLogoutPage(sent, onward === null ? [] : [onward.uri]), null, desk);
}

/** What has to come back for the browser to be sent on; looked at anew when it does. */
function backFields({ postLogoutRedirectUri, state }: LogoutRequest): Readonly<Record<string, string>> {
  return {
    ...(postLogoutRedirectUri === null ? {} : { post_logout_redirect_uri: postLogoutRedirectUri }),
    ...(state === null ? {} : { state }),
  };
}

function refused(c: ScopedContext, { reason, description }: AuthorizationError, desk: PageDesk): Promise<Response> {
  logPerson(c, "sign_out_refused", { reason });
  const page = errorPage({
    title: "This request cannot go on",
    sentence: `The application that sent you here made a request that we do not answer: ${description}. You are as signed in as before.`,
    requestId: c.var.scope.requestId,
    action: { href: LOGOUT, label: "Sign out anyway" },
  });
  return showPage(page, null, desk, { status: 400 });
}

async function readParameters(request: Request): Promise<Result<AuthorizationParameters, AuthorizationError>> {
  const body = await readBody(request);
  return body.ok ? parseParameters(queryOf(request.url), body.value) : body;
}

/**
 * Whether a browser shows the answer to a person: not for an image, a script's call or a prefetch, which a page of anybody's can
 * make it send (V3.5.3). What is no browser says neither, and has no session to lose by it.
 */
function isVisit({ method, headers }: Request): boolean {
  const isShown = (headers.get("sec-fetch-dest") ?? "document") === "document";
  return (method === "GET" || method === "POST") && isShown && !headers.has("sec-purpose");
}

/**
 * Whether another site posted this: the browser then kept our `SameSite=Lax` cookies back, and a person who is signed in looks
 * like a stranger. Told that nobody is signed in, they would leave the device as it is.
 */
function isBlindPost({ method, headers }: Request, { forms, cookies }: PageDesk): boolean {
  if (method !== "POST" || readSessionCookie(headers.get("cookie"), cookies) !== null) return false;
  const said = { origin: headers.get("origin"), secFetchSite: headers.get("sec-fetch-site") };
  return formOriginFault(said, forms.origin) === "form_origin_foreign";
}
