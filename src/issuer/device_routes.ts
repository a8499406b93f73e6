import type { Hono } from "hono";
import type { ScopedContext, ScopedEnv } from "../http/request_scope.ts";
import type { CurrentSession } from "../issuing/current_session.ts";
import {
  approveDevice,
  type DeviceVerification,
  denyDevice,
  lookUpDevice,
  type UserCodeFault,
} from "../issuing/device_verification.ts";
import type { Issuer } from "../issuing/issuer.ts";
import type { Form } from "../protocol/form.ts";
import { formatUserCode, parseUserCode } from "../protocol/user_code.ts";
import { type AuthorizationDesk, seeOther } from "./authorization_desk.ts";
import { accessInWords } from "./authorization_pages.ts";
import { VERIFICATION_PATH } from "./device_authorization_route.ts";
import { deviceReturnPath, dropDeviceReturn, setDeviceReturn } from "./device_return.ts";
import { logPerson, momentOf, type PageDesk, personAt, seal, showPage, takeForm, visitorAt } from "./page_desk.ts";
import { asPage, methodNotAllowed } from "./page_routes.ts";
import { clientView } from "./pages/client_view.tsx";
import { type DeviceCodeProps, deviceCodePage, deviceConfirmPage, deviceDonePage } from "./pages/device_pages.tsx";

interface DeviceDesk {
  readonly pages: PageDesk;
  readonly verification: DeviceVerification;
}

type Handler = (c: ScopedContext, desk: DeviceDesk) => Promise<Response>;

const PAGES: Readonly<Record<string, Readonly<Partial<Record<"GET" | "POST", Handler>>>>> = {
  [VERIFICATION_PATH]: { GET: enterCodeRoute, POST: lookUpRoute },
  "/device/confirm": { POST: decideRoute },
  "/device/connected": { GET: (_, { pages }) => showPage(deviceDonePage({ approved: true }), null, pages) },
  "/device/denied": { GET: (_, { pages }) => showPage(deviceDonePage({ approved: false }), null, pages) },
};

/** Adds the pages where a person answers a device to `app`. */
export function deviceRoutes(
  app: Hono<ScopedEnv>,
  issuer: Issuer,
  desks: { readonly pages: PageDesk; readonly authorization: Pick<AuthorizationDesk, "authorizing"> },
): void {
  const { pages, authorization } = desks;
  const { subjects, lifetimes } = authorization.authorizing;
  const desk: DeviceDesk = { pages, verification: { issuer, subjects, lifetimes, guesses: pages.people.guesses } };
  for (const [path, handlers] of Object.entries(PAGES)) {
    for (const [method, handler] of Object.entries(handlers)) {
      app.on(method, path, (c) => asPage(c, pages, () => handler(c, desk)));
    }
    const allow = Object.keys(handlers).join(", ").replace("GET", "GET, HEAD");
    app.all(path, (c) => asPage(c, pages, () => methodNotAllowed(c, pages, allow)));
  }
}

/**
 * `GET /device`: the form, filled in where the link brings a code (RFC 8628 §3.3.1). Nothing is looked up and nothing is allowed
 * by opening a link: a link may be somebody else's (§5.4). A stranger signs in first and comes back.
 */
async function enterCodeRoute(c: ScopedContext, { pages }: DeviceDesk): Promise<Response> {
  const code = parseUserCode(c.req.query("user_code") ?? "");
  const person = await personAt(c, pages);
  if (person === null) {
    const response = seeOther("/login");
    response.headers.append("set-cookie", setDeviceReturn(code, pages.cookies));
    return response;
  }
  const userCode = code === null ? "" : formatUserCode(code);
  const response = await showCodePage(person, { userCode, problem: null }, pages);
  const isBack = deviceReturnPath(c.req.raw.headers.get("cookie"), pages.cookies) !== null;
  if (isBack) response.headers.append("set-cookie", dropDeviceReturn(pages.cookies));
  return response;
}

/** `POST /device`: what the device asks for, with a button to allow it and one to deny it. */
function lookUpRoute(c: ScopedContext, desk: DeviceDesk): Promise<Response> {
  return signedIn(c, desk, async (person, form) => {
    const { pages, verification } = desk;
    const text = form.get("user_code") ?? "";
    const found = await lookUpDevice(text, visitorAt(c, pages), verification, momentOf(c));
    if (found.kind !== "waiting") return refuse(c, person, text, found, pages);
    const { client, scopes, resource, lastsSeconds } = found;
    const page = deviceConfirmPage({
      seal: await seal({ kind: "session", sessionId: person.session.id }, null, pages),
      client: clientView(client, null),
      userCode: formatUserCode(found.userCode),
      person: person.user.email,
      access: accessInWords(scopes, resource, lastsSeconds, pages.scopeInWords),
    });
    return showPage(page, null, pages);
  });
}

/** `POST /device/confirm`: the decision. Anything but `allow` is a denial. */
function decideRoute(c: ScopedContext, desk: DeviceDesk): Promise<Response> {
  return signedIn(c, desk, async (person, form) => {
    const { pages, verification } = desk;
    const text = form.get("user_code") ?? "";
    const decide = form.get("decision") === "allow" ? approveDevice : denyDevice;
    const decided = await decide(text, person, visitorAt(c, pages), verification, momentOf(c));
    if (decided.kind === "throttled" || decided.kind === "unknown") return refuse(c, person, text, decided, pages);
    const { clientId: client_id, grantId: grant_id } = decided;
    logPerson(c, "device_decided", { outcome: decided.kind, user_id: person.user.id, client_id, grant_id });
    return seeOther(decided.kind === "approved" ? "/device/connected" : "/device/denied");
  });
}

/** The one way to a device: a session, and a form that was written for that session. */
async function signedIn(
  c: ScopedContext,
  { pages }: DeviceDesk,
  act: (person: CurrentSession, form: Form) => Promise<Response>,
): Promise<Response> {
  const person = await personAt(c, pages);
  const bearer = person === null ? null : ({ kind: "session", sessionId: person.session.id } as const);
  const form = await takeForm(c, bearer, VERIFICATION_PATH, pages);
  if (form instanceof Response) return form;
  // Without a session there is no bearer, and no form passed.
  return person === null ? seeOther("/login") : act(person, form);
}

/** The form again, with what was typed where it could be a code at all. */
async function refuse(
  c: ScopedContext,
  person: CurrentSession,
  text: string,
  fault: UserCodeFault,
  pages: PageDesk,
): Promise<Response> {
  const isThrottled = fault.kind === "throttled";
  const reason = isThrottled ? "user_codes_throttled" : "user_code_unknown";
  logPerson(c, "user_code_refused", { reason, user_id: person.user.id });
  const code = parseUserCode(text);
  const userCode = code === null ? "" : formatUserCode(code);
  const problem = isThrottled ? { retryAfterSeconds: fault.retryAfterSeconds } : "unknown";
  const response = await showCodePage(person, { userCode, problem }, pages, isThrottled ? 429 : 422);
  if (isThrottled) response.headers.set("retry-after", String(fault.retryAfterSeconds));
  return response;
}

async function showCodePage(
  person: CurrentSession,
  props: Omit<DeviceCodeProps, "seal">,
  pages: PageDesk,
  status = 200,
): Promise<Response> {
  const bearer = { kind: "session", sessionId: person.session.id } as const;
  return showPage(deviceCodePage({ seal: await seal(bearer, null, pages), ...props }), null, pages, { status });
}
