import { isPlainUtf8, mediaType, readTextBody } from "../http/body.ts";
import { logEvent, logFault } from "../http/log.ts";
import { type Problem, problemResponse } from "../http/problem.ts";
import type { ScopedContext } from "../http/request_scope.ts";
import { takeWhole } from "../http/whole_request.ts";
import { toHex, utf8 } from "../kernel/bytes.ts";
import { parseStrictJson } from "../kernel/strict_json.ts";
import { type EndedString, endLeakedKeys, type LeakHandling } from "../managing/end_leaked_keys.ts";
import type { ReportProof } from "../ports/key_leaks.ts";
import { type LeakFeedback, type LeakReport, parseLeakReports } from "../protocol/leak_report.ts";

/** What the intake of leaks is built from. */
export interface SecretScanning extends LeakHandling {
  readonly proof: ReportProof;
  /** Takes one message of an address; otherwise whole seconds to wait. */
  readonly pace: (address: string, nowMs: number) => number;
}

const MAX_BODY_BYTES = 1024 * 1024;
const BODY_BOUNDS = { maxBytes: MAX_BODY_BYTES, deadlineMs: 10_000 };
const MAX_KEY_ID = 128;
/** base64 of the longest DER of two numbers of 32 bytes. */
const MAX_SIGNATURE = 100;

/** What each refusal is told as: beyond its code, the sender hears nothing. */
const PROBLEMS = {
  method_not_allowed: { status: 405, title: "Method Not Allowed" },
  too_many_reports: { status: 429, title: "Too Many Requests" },
  report_unsigned: { status: 401, title: "Unauthorized" },
  report_not_genuine: { status: 401, title: "Unauthorized" },
  unsupported_media_type: { status: 415, title: "Unsupported Media Type" },
  request_timeout: { status: 408, title: "Request Timeout" },
  body_too_large: { status: 413, title: "Content Too Large" },
  report_malformed: { status: 400, title: "Bad Request" },
  conflict: { status: 503, title: "Service Unavailable" },
} as const satisfies Record<string, Pick<Problem, "status" | "title">>;

type Refusal = keyof typeof PROBLEMS;

/**
 * `POST /secret-scanning`: takes reports of keys that were found in public, in the form of GitHub's secret scanning partner program, and
 * ends those keys. Checks in order, the cheap ones first; nothing of a body is believed before its signature holds. Where that
 * cannot be told, 503: the sender tries again, and nobody ends keys by being believed in an outage.
 */
export async function secretScanningRoute(c: ScopedContext, scanning: SecretScanning): Promise<Response> {
  const { nowMs, addressUnit } = c.var.scope;
  const { headers, method } = c.req.raw;
  if (method !== "POST") return refuse(c, "method_not_allowed", { allow: "POST" });
  const waitSeconds = scanning.pace(addressUnit, nowMs);
  if (waitSeconds > 0) return refuse(c, "too_many_reports", { "retry-after": String(waitSeconds) });
  const keyId = headers.get("github-public-key-identifier") ?? "";
  const signature = headers.get("github-public-key-signature") ?? "";
  const isSigned = keyId !== "" && keyId.length <= MAX_KEY_ID && signature !== "" && signature.length <= MAX_SIGNATURE;
  if (!isSigned) return refuse(c, "report_unsigned");
  if (mediaType(headers.get("content-type")) !== "application/json" || !isPlainUtf8(headers)) {
    return refuse(c, "unsupported_media_type");
  }
  const wholeAtMs = await takeWhole(c.req.raw, BODY_BOUNDS, nowMs);
  if (wholeAtMs === null) return refuse(c, "request_timeout");
  c.set("scope", { ...c.var.scope, nowMs: wholeAtMs });
  const body = await readTextBody(c.req.raw, MAX_BODY_BYTES);
  if (!body.ok) return refuse(c, body.error === "body_too_large" ? "body_too_large" : "report_malformed");
  const defer = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const signed = { body: body.value, keyId, signature };
  if (!(await scanning.proof.isGenuine(signed, wholeAtMs, defer))) return refuse(c, "report_not_genuine");
  const reports = parseLeakReports(parseStrictJson(body.value));
  return reports === null ? refuse(c, "report_malformed") : endAll(c, reports, scanning);
}

async function endAll(c: ScopedContext, reports: readonly LeakReport[], scanning: SecretScanning): Promise<Response> {
  const { requestId, nowMs, address } = c.var.scope;
  const actor = { kind: "system", id: "secret_scanning", issuer: null, clientId: null, credentialId: null } as const;
  const act = { id: requestId, requestId, atMs: nowMs, action: "end_leaked_strings", actor: { ...actor, address } };
  const outcome = await endLeakedKeys(reports, scanning, act);
  if (!outcome.ok) return refuse(c, "conflict", { "retry-after": "2" });
  const { isOurs, ended, progress } = outcome.value;
  for (const string of ended) logLeak(requestId, string, progress);
  logEvent("leaks_reported", { request_id: requestId, reports: reports.length, ours: isOurs.filter(Boolean).length });
  const feedback = await Promise.all(reports.map((report, at) => feedbackOn(report, isOurs[at] === true)));
  return Response.json(feedback);
}

async function feedbackOn({ token, type }: LeakReport, isOurs: boolean): Promise<LeakFeedback> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(token)));
  return { token_hash: toHex(digest), token_type: type, label: isOurs ? "true_positive" : "false_positive" };
}

/** For whoever watches over the installation. Where it was found is in the key's `leak`: a log is no place for others' URLs. */
function logLeak(requestId: string, { key, owner, lastFour, source }: EndedString, progress: string): void {
  logFault("api_key_leaked", { request_id: requestId, key_id: key, owner, last_four: lastFour, source, progress });
}

function refuse(c: ScopedContext, code: Refusal, headers: HeadersInit = {}): Response {
  const { requestId, address } = c.var.scope;
  logEvent("leak_report_refused", { request_id: requestId, address, reason: code });
  return problemResponse({ code, ...PROBLEMS[code] }, requestId, headers);
}
