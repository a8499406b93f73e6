import type { Passage } from "../../access/pass_gate.ts";
import { isPlainUtf8, mediaType } from "../../http/body.ts";
import type { Problem } from "../../http/problem.ts";
import { fromUtf8 } from "../../kernel/bytes.ts";
import { readExactJson } from "../../kernel/exact_json.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { isJsonObject } from "../../kernel/strict_json.ts";
import { ANONYMOUS, principalSubject } from "../../policy/principal.ts";
import type { JsonObject, QuestionFault } from "../../protocol/authzen/question.ts";
import type { Exchange } from "../exchange.ts";
import type { HeldBodies, HeldBody } from "../held_bodies.ts";

/** Objects and arrays within each other. */
const MAX_DEPTH = 16;
const WITHIN_MS = 10_000;
const NOTHING = new Uint8Array();

/** A request that is not answered, once it is known who asks. `problem.code` is its reason in the log too. */
export type RequestRefusal = Problem;

/**
 * The JSON object that `request` brings, within its bounds, read as one thing by everybody: strict about names that stand twice and about encodings. A media
 * type other than JSON's is a bad request (AuthZEN 1.0 §10.1).
 */
export async function readRequest(
  request: Request,
  { route, credential }: Passage,
  { call }: Exchange,
  bodies: HeldBodies,
): Promise<Result<JsonObject, RequestRefusal>> {
  const isJson = mediaType(call.header("content-type")) === "application/json" && isPlainUtf8(request.headers);
  if (!isJson) return err(badRequest("question_not_json", "the request is not `application/json` in UTF-8"));
  if (request.body === null) return readJson(NOTHING);
  const sender = principalSubject(credential?.principal ?? ANONYMOUS, call.address);
  const bounds = { maxBytes: route.maxBodyBytes, withinMs: WITHIN_MS, sender };
  return bodies.with(request.body, bounds, async (held) =>
    held.kind === "whole" ? readJson(held.bytes) : unread(held),
  );
}

/** As bodies are read that the gate decides by: what another reader could understand in another way is refused (§11.5). */
function readJson(bytes: Uint8Array): Result<JsonObject, RequestRefusal> {
  const text = fromUtf8(bytes);
  const read = text === null ? null : readExactJson(text, { maxDepth: MAX_DEPTH, strict: true });
  if (read?.ok && isJsonObject(read.value)) return ok(read.value);
  if (read?.ok === false && (read.error === "too_deep" || read.error === "too_many_values")) {
    return err({ status: 413, code: "question_too_deep", title: "Content Too Large" });
  }
  return err(badRequest("question_not_json", "the body is no JSON object with one meaning"));
}

function unread(held: Exclude<HeldBody, { kind: "whole" }>): Result<never, RequestRefusal> {
  switch (held.kind) {
    case "too_large":
      held.rest.cancel().catch(() => undefined);
      return err({ status: 413, code: "body_too_large", title: "Content Too Large" });
    case "late":
    case "broken":
      return err({ status: 408, code: "request_timeout", title: "Request Timeout" });
    case "no_room":
      return err({ status: 503, code: "temporarily_unavailable", title: "Service Unavailable" });
  }
}

/** What is wrong with a request that can be read as JSON: in words of ours. */
export function malformedQuestion(fault: QuestionFault): RequestRefusal {
  return badRequest("question_malformed", faultText(fault));
}

export function faultText({ member, fault }: QuestionFault): string {
  return `\`${member}\` is ${fault === "missing" ? "missing" : "not what it has to be"}`;
}

export function badRequest(code: string, detail: string): RequestRefusal {
  return { status: 400, code, title: "Bad Request", detail };
}
