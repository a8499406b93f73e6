import type { Hono } from "hono";
import { type LogFields, logEvent, logFault } from "../http/log.ts";
import { problemResponse } from "../http/problem.ts";
import type { ScopedContext, ScopedEnv } from "../http/request_scope.ts";
import type { FirstParty, FirstPartyCall, FirstPartyFault } from "../issuing/first_party.ts";
import { firstPartyLogout, type LoggedOut } from "../issuing/first_party_logout.ts";
import { firstPartyRefresh } from "../issuing/first_party_refresh.ts";
import { firstPartyRegister } from "../issuing/first_party_register.ts";
import { firstPartySignIn } from "../issuing/first_party_sign_in.ts";
import type { IssuedToken } from "../issuing/issued_token.ts";
import type { Registered } from "../issuing/register_user.ts";
import { newTokenTrace } from "../issuing/token_trace.ts";
import { Busy } from "../kernel/busy.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { browserLabel } from "../protocol/browser_label.ts";
import { type FieldFault, parsePasswordRequest, parseRefreshTokenRequest } from "../protocol/first_party_request.ts";
import { type FirstPartyRefusal, tellRefusal } from "./first_party_problem.ts";
import { readJsonRequest } from "./json_request.ts";
import { oauthJson } from "./oauth_response.ts";
import { tokenAnswer, tracedFields } from "./token_answer.ts";

/** What came of a call that was not refused. */
interface Done {
  readonly response: Response;
  readonly logged: LogFields;
}

interface Endpoint {
  /** The log's events: the same words as for pages and the token endpoint, told apart by `path`. */
  readonly done: string;
  readonly refused: string;
  readonly run: (body: unknown, parts: FirstParty, call: FirstPartyCall) => Promise<Result<Done, FirstPartyRefusal>>;
}

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  "/auth/register": {
    done: "registration_received",
    refused: "registration_refused",
    run: over(parsePasswordRequest, firstPartyRegister, received),
  },
  "/auth/login": {
    done: "signed_in",
    refused: "sign_in_refused",
    run: over(parsePasswordRequest, firstPartySignIn, tokens),
  },
  "/auth/refresh": {
    done: "token_issued",
    refused: "token_refused",
    run: over(parseRefreshTokenRequest, firstPartyRefresh, tokens),
  },
  "/auth/logout": {
    done: "signed_out",
    refused: "sign_out_refused",
    run: over(parseRefreshTokenRequest, firstPartyLogout, loggedOut),
  },
};

/**
 * Adds the first-party endpoints (M10) to `app`, which has opened a request's scope already: JSON in, RFC 6749 §5.1's body or a problem
 * out, one log line per call. They take and set no cookie and permit no other site's scripts.
 */
export function firstPartyRoutes(app: Hono<ScopedEnv>, parts: FirstParty): void {
  for (const [path, endpoint] of Object.entries(ENDPOINTS)) {
    app.post(path, (c) => answer(c, endpoint, parts));
    app.all(path, (c) => methodNotAllowed(c));
  }
}

async function answer(c: ScopedContext, endpoint: Endpoint, parts: FirstParty): Promise<Response> {
  const { requestId, nowMs, address, addressUnit } = c.var.scope;
  const { headers } = c.req.raw;
  const trace = newTokenTrace();
  const call: FirstPartyCall = {
    authorization: headers.get("authorization"),
    visitor: { address: addressUnit, knownBrowser: null, label: browserLabel(headers.get("user-agent")) },
    moment: { nowMs, defer: (work) => c.executionCtx.waitUntil(work) },
    trace,
  };
  const outcome = await unlessBusy(async () => {
    const body = await readJsonRequest(c.req.raw, new URL(parts.issuer.url).origin);
    return body.ok ? endpoint.run(body.value, parts, call) : err({ kind: "not_read", fault: body.error });
  });
  const who = { request_id: requestId, address, path: c.req.path, ...tracedFields(trace) };
  if (outcome.ok) {
    logEvent(endpoint.done, { ...who, ...outcome.value.logged });
    return outcome.value.response;
  }
  const { problem, headers: owed, loggedReason: reason } = tellRefusal(outcome.error);
  logEvent(endpoint.refused, { ...who, error: problem.code, reason });
  if (trace.ended !== "nothing") logFault("grant_token_reused", { ...who, reason, ended: trace.ended });
  return problemResponse(problem, requestId, owed);
}

/** An endpoint's work: a body is read once into what its use case takes, and what came of that becomes an answer. */
function over<Request, Outcome>(
  parse: (body: unknown) => Result<Request, readonly FieldFault[]>,
  act: (request: Request, parts: FirstParty, call: FirstPartyCall) => Promise<Result<Outcome, FirstPartyFault>>,
  done: (outcome: Outcome, call: FirstPartyCall) => Done,
): Endpoint["run"] {
  return async (body, parts, call) => {
    const request = parse(body);
    if (!request.ok) return err({ kind: "fields", errors: request.error });
    const outcome = await act(request.value, parts, call);
    return outcome.ok ? ok(done(outcome.value, call)) : outcome;
  };
}

/** The same whether or not the address has an account. */
function received({ loggedOutcome: outcome }: Registered): Done {
  return { response: oauthJson({ status: "check_your_mail" }, 202), logged: { outcome } };
}

/** The same whether or not there was something to end. */
function loggedOut({ loggedOutcome: outcome, pending }: LoggedOut): Done {
  return { response: new Response(null, { status: 204 }), logged: { outcome, pending } };
}

function tokens(issued: IssuedToken, { trace }: FirstPartyCall): Done {
  const { tokenId: token_id, scopes } = issued;
  return { response: tokenAnswer(issued), logged: { token_id, scopes, retried: trace.retried || undefined } };
}

/** Passwords wait behind others at times: whoever asks is told when to come back. */
async function unlessBusy(
  work: () => Promise<Result<Done, FirstPartyRefusal>>,
): Promise<Result<Done, FirstPartyRefusal>> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Busy)) throw error;
    return err({ kind: "busy", retryAfterSeconds: error.retryAfterSeconds });
  }
}

/** A preflight ends here as well, with no permission. */
function methodNotAllowed(c: ScopedContext): Response {
  const problem = { status: 405, code: "method_not_allowed", title: "Method Not Allowed" };
  return problemResponse(problem, c.var.scope.requestId, { allow: "POST" });
}
