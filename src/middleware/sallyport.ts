import type { Context, MiddlewareHandler } from "hono";
import { logFault } from "../http/log.ts";
import { problemResponse } from "../http/problem.ts";
import { setSecurityHeaders } from "../http/security_headers.ts";
import { faultText } from "../kernel/fault_text.ts";
import { orOutage } from "../kernel/outage.ts";
import type { Principal } from "../policy/principal.ts";
import type { AllowedCall, Authorization, AuthorizationDecision, RefusedCall } from "../ports/authorization.ts";

/**
 * The gate before a Hono app of another Worker. Owns what becomes of the gate's answer there; refuses to decide anything, and to let a
 * call pass that nobody answers for.
 */
export interface SallyportVariables {
  /** Who is calling; anonymous on public routes. */
  readonly principal: Principal;
  /** The whole answer: the route, and the identity to pass on. */
  readonly authorization: AllowedCall;
}

export type SallyportEnv = { Variables: SallyportVariables };

// biome-ignore lint/suspicious/noExplicitAny: the app's own bindings and variables are its own business
type AnyContext = Context<any>;

export interface SallyportOptions {
  /** The service binding to the entrypoint `Authorizer`, or how to find it in a request's context. */
  readonly authorizer: Authorization | ((c: AnyContext) => Authorization);
  /** How long an answer may take, in milliseconds. */
  readonly deadlineMs?: number;
}

/** Of these the gate says some among others; of all else its word is the last. */
const ADDED: ReadonlySet<string> = new Set(["link", "vary"]);

const DEADLINE_MS = 2_000;

/**
 * Lets pass what the gate lets pass, and sets `principal` and `authorization`; answers anything else as the gate says. The body is
 * never touched: the gate is asked about method, URL and headers alone. Where it does not answer the call is refused with 503.
 */
export function sallyport({ authorizer, deadlineMs = DEADLINE_MS }: SallyportOptions): MiddlewareHandler<SallyportEnv> {
  return async (c, next) => {
    const gate = typeof authorizer === "function" ? authorizer(c) : authorizer;
    const decision = await ask(gate, c.req.raw, deadlineMs);
    if (decision === null) return unavailable(c.req.url);
    if (!decision.allowed) return refused(decision);
    c.set("principal", decision.principal);
    c.set("authorization", decision);
    await next();
    for (const [name, value] of decision.responseHeaders) c.header(name, value, { append: ADDED.has(name) });
    return undefined;
  };
}

/** The gate's answer, or null where there is none. A body handed to another Worker would be gone: it is not sent. */
async function ask(gate: Authorization, request: Request, deadlineMs: number): Promise<AuthorizationDecision | null> {
  const { method, url, headers, cf } = request;
  const asked = { method, url, headers: [...headers], ...(cf === undefined ? {} : { cf: { ...cf } }) };
  try {
    const decision: unknown = await orOutage("authorizer", deadlineMs, () => gate.authorize(asked, "middleware"));
    if (isDecision(decision)) return decision;
    logFault("authorizer_unreachable", { error: "what it answers is no decision" });
    return null;
  } catch (error) {
    logFault("authorizer_unreachable", { error: faultText(error) });
    return null;
  }
}

/** Whether `answer` is a decision in the words of this version, and a no is one that no caller takes for a yes: 204 is a preflight's. */
function isDecision(answer: unknown): answer is AuthorizationDecision {
  if (typeof answer !== "object" || answer === null) return false;
  const { allowed, status, body, principal, headers, responseHeaders } = answer as Readonly<Record<string, unknown>>;
  if (allowed === true) return typeof principal === "object" && principal !== null && Array.isArray(responseHeaders);
  const isRefusal =
    typeof status === "number" && (status === 204 || (Number.isInteger(status) && status >= 400 && status <= 599));
  return allowed === false && isRefusal && typeof body === "string" && Array.isArray(headers);
}

function refused({ status, headers, body }: RefusedCall): Response {
  return new Response(status === 204 ? null : body, { status, headers: headers.map(([name, value]) => [name, value]) });
}

function unavailable(url: string): Response {
  const requestId = crypto.randomUUID();
  const problem = { status: 503, code: "temporarily_unavailable", title: "Service Unavailable" };
  const response = problemResponse(problem, requestId, { "retry-after": "1", "x-request-id": requestId });
  setSecurityHeaders(response.headers, url.startsWith("https:") ? "https:" : "http:");
  return response;
}
