import type { Hono } from "hono";
import { logFault } from "../http/log.ts";
import type { ScopedContext, ScopedEnv } from "../http/request_scope.ts";
import { Busy } from "../kernel/busy.ts";
import { faultFields } from "../kernel/fault_text.ts";
import { Outage } from "../kernel/outage.ts";
import { appsRoute, withdrawRoute } from "./account_apps_routes.ts";
import {
  changeEmailPageRoute,
  changeEmailRoute,
  changeEmailSentRoute,
  confirmEmailPageRoute,
  confirmEmailRoute,
} from "./account_email_routes.ts";
import {
  accountPageRoute,
  changePasswordRoute,
  endSessionRoute,
  signedOutRoute,
  signOutEverywhereRoute,
  signOutRoute,
} from "./account_routes.ts";
import { forgotPageRoute, forgotRoute, forgotSentRoute } from "./forgot_route.ts";
import { loginPageRoute, loginRoute } from "./login_route.ts";
import { type PageDesk, showPage } from "./page_desk.ts";
import { errorPage } from "./pages/error_page.tsx";
import { registeredRoute, registerPageRoute, registerRoute } from "./register_route.ts";
import { resetDoneRoute, resetPageRoute, resetRoute } from "./reset_route.ts";
import { undoEmailPageRoute, undoEmailRoute } from "./undo_email_route.ts";
import { emailVerifiedRoute, verifyEmailPageRoute, verifyEmailRoute } from "./verify_email_route.ts";

type PageHandler = (c: ScopedContext, desk: PageDesk) => Promise<Response>;

const RETRY_AFTER_SECONDS = 2;

/** Every page that needs no authorization transaction: what shows it, and what its form does. */
const PAGES: Readonly<Record<string, { readonly get?: PageHandler; readonly post?: PageHandler }>> = {
  "/login": { get: loginPageRoute, post: loginRoute },
  "/register": { get: registerPageRoute, post: registerRoute },
  "/register/sent": { get: registeredRoute },
  "/verify-email": { get: verifyEmailPageRoute, post: verifyEmailRoute },
  "/verify-email/done": { get: (_, desk) => emailVerifiedRoute(desk) },
  "/forgot": { get: forgotPageRoute, post: forgotRoute },
  "/forgot/sent": { get: (_, desk) => forgotSentRoute(desk) },
  "/reset": { get: resetPageRoute, post: resetRoute },
  "/reset/done": { get: (_, desk) => resetDoneRoute(desk) },
  "/account": { get: accountPageRoute },
  "/account/signed-out": { get: (_, desk) => signedOutRoute(desk) },
  "/account/sign-out": { post: signOutRoute },
  "/account/sign-out-everywhere": { post: signOutEverywhereRoute },
  "/account/sessions/end": { post: endSessionRoute },
  "/account/apps": { get: appsRoute },
  "/account/apps/withdraw": { post: withdrawRoute },
  "/account/password": { post: changePasswordRoute },
  "/account/email": { get: changeEmailPageRoute, post: changeEmailRoute },
  "/account/email/sent": { get: (_, desk) => changeEmailSentRoute(desk) },
  "/account/email/confirm": { get: confirmEmailPageRoute, post: confirmEmailRoute },
  "/account/email/undo": { get: undoEmailPageRoute, post: undoEmailRoute },
};

/** Adds the pages to `app`, which has opened a request's scope already. */
export function pageRoutes(app: Hono<ScopedEnv>, desk: PageDesk): void {
  for (const [path, { get, post }] of Object.entries(PAGES)) {
    if (get !== undefined) app.get(path, (c) => asPage(c, desk, get));
    if (post !== undefined) app.post(path, (c) => asPage(c, desk, post));
    const allow = [...(get === undefined ? [] : ["GET", "HEAD"]), ...(post === undefined ? [] : ["POST"])].join(", ");
    app.all(path, (c) => asPage(c, desk, () => methodNotAllowed(c, desk, allow)));
  }
}

/** Runs `handler`; whatever it throws, a person is told in a page. An outage never signs anybody in. */
export async function asPage(c: ScopedContext, desk: PageDesk, handler: PageHandler): Promise<Response> {
  try {
    return await handler(c, desk);
  } catch (error) {
    if (error instanceof Busy) return comeBack(c, desk, error.retryAfterSeconds);
    const { requestId: request_id } = c.var.scope;
    const dependency = error instanceof Outage ? error.dependency : null;
    const event = dependency === null ? "internal_error" : "outage";
    const { path } = c.req;
    logFault(event, { request_id, path, dependency, ...faultFields(error) });
    return dependency === null ? broken(c, desk) : comeBack(c, desk, RETRY_AFTER_SECONDS);
  }
}

function comeBack(c: ScopedContext, desk: PageDesk, retryAfterSeconds: number): Promise<Response> {
  const page = errorPage({
    title: "Please try again in a moment",
    sentence: "We cannot answer right now. If you sent something, it may be done: look before you send it again.",
    requestId: c.var.scope.requestId,
    action: null,
  });
  return showPage(page, null, desk, { status: 503, headers: { "retry-after": String(retryAfterSeconds) } });
}

function broken(c: ScopedContext, desk: PageDesk): Promise<Response> {
  const page = errorPage({
    title: "Something went wrong",
    sentence: "That is our fault, not yours. If it happens again, tell whoever runs this service.",
    requestId: c.var.scope.requestId,
    action: null,
  });
  return showPage(page, null, desk, { status: 500 });
}

/** 405, as a page. */
export function methodNotAllowed(c: ScopedContext, desk: PageDesk, allow: string): Promise<Response> {
  const page = errorPage({
    title: "That is not how this page works",
    sentence: "Open it from its own link.",
    requestId: c.var.scope.requestId,
    action: { href: "/account", label: "Go to your account" },
  });
  return showPage(page, null, desk, { status: 405, headers: { allow } });
}
