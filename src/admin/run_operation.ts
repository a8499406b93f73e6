import type { Context } from "hono";
import { logEvent, logFault } from "../http/log.ts";
import { problemResponse } from "../http/problem.ts";
import { faultText } from "../kernel/fault_text.ts";
import type { Result } from "../kernel/result.ts";
import type { AdminEnv } from "./admission.ts";
import { type AdminFault, describeFault } from "./fault.ts";
import { LINES_TYPE, type Lines, lineStream } from "./line_stream.ts";
import type { Managed } from "./managed.ts";
import type { Answer, Operation } from "./operation.ts";
import { namedObject, recordedRun } from "./recorded_run.ts";

/**
 * Runs one operation for an admitted operator and answers: the operation's status, 202 where the feed is still being told,
 * or a problem. Each act that changes something, or tried to, is one line in the log, whatever came of it.
 */
export async function runOperation(c: Context<AdminEnv>, operation: Operation, managed: Managed): Promise<Response> {
  const { requestId, nowMs } = c.var.scope;
  const params = c.req.param();
  try {
    const result = await recordedRun(c, operation, managed, (parts) =>
      operation.run(c.req.raw, params, parts, c.var.actor, nowMs),
    );
    logAct(c, operation, result.ok ? result.value.progress : result.error.code, objectOf(result, params));
    if (!result.ok) return faultResponse(result.error, requestId);
    const { lines } = result.value;
    return lines === undefined ? answerResponse(operation, result.value) : linesResponse(operation, lines, requestId);
  } catch (error) {
    // Nobody knows then whether the change was made: the log says that it was tried, and by whom.
    logAct(c, operation, "failed", objectOf(null, params));
    throw error;
  }
}

/** The problem that `fault` is, with its headers. */
export function faultResponse(fault: AdminFault, requestId: string): Response {
  const { problem, headers } = describeFault(fault);
  return problemResponse(problem, requestId, headers);
}

function answerResponse(operation: Operation, { body, progress }: Answer): Response {
  const status = progress === "pending" ? 202 : operation.status;
  if (body === null) return new Response(null, { status });
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}

/** Its status is sent before its end is known: what is cut off lacks its last line. */
function linesResponse({ id, status }: Operation, lines: Lines, requestId: string): Response {
  const failed = (error: unknown) =>
    logFault("export_cut_off", { request_id: requestId, action: id, error: faultText(error) });
  return new Response(lineStream(lines, failed), { status, headers: { "content-type": LINES_TYPE } });
}

function logAct(c: Context<AdminEnv>, operation: Operation, result: string, objectId: string | null): void {
  const { id, method, isWatched } = operation;
  if (method === "GET" && isWatched !== true) return;
  const { requestId, address } = c.var.scope;
  const { clientId, tokenId } = c.var.actor;
  logEvent(isWatched === true ? "admin_read" : "admin_change", {
    request_id: requestId,
    address,
    actor: clientId,
    token_id: tokenId,
    action: id,
    object_id: objectId,
    result,
  });
}

/** What was acted on. */
function objectOf(result: Result<Answer, AdminFault> | null, params: Readonly<Record<string, string>>): string | null {
  return result?.ok ? result.value.objectId : namedObject(params);
}
