import type { MiddlewareHandler } from "hono";
import { logEvent } from "../http/log.ts";
import { problemResponse } from "../http/problem.ts";
import type { RequestScope } from "../http/request_scope.ts";
import { err, type Result } from "../kernel/result.ts";
import { type AdminActor, type Admission, authenticateAdmin } from "../managing/authenticate_admin.ts";
import type { Defer } from "../ports/edge_feed.ts";
import { presentedToken } from "./credentials.ts";
import { type AdminFault, describeFault } from "./fault.ts";

/** What an admitted request has beside its scope. */
export type AdminEnv = { Variables: { scope: RequestScope; actor: AdminActor } };

/**
 * Lets operators through, and nobody else: it stands before every path, known or not, so that the answers of this API
 * tell outsiders nothing. Why somebody was refused is in the log alone.
 */
export function admitAdmins(admission: Admission): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    const { requestId, nowMs, address } = c.var.scope;
    const admitted = await admit(c.req.raw, admission, nowMs, (work) => c.executionCtx.waitUntil(work));
    if (admitted.ok) {
      c.set("actor", admitted.value);
      return next();
    }
    const fault = admitted.error;
    const reason = "reason" in fault ? fault.reason : fault.code;
    logEvent("admin_refused", { request_id: requestId, address, error: fault.code, reason });
    const { problem, headers } = describeFault(fault);
    return problemResponse(problem, requestId, headers);
  };
}

async function admit(
  request: Request,
  admission: Admission,
  nowMs: number,
  defer: Defer,
): Promise<Result<AdminActor, AdminFault>> {
  const presented = presentedToken(request.headers, new URL(request.url).searchParams);
  switch (presented.kind) {
    case "none":
      return err({ code: "unauthenticated" });
    case "refused":
      return err({ code: presented.code });
    case "token":
      return authenticateAdmin(presented.token, admission, nowMs, defer);
  }
}
