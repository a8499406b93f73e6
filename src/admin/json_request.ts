import { isPlainUtf8, mediaType, readTextBody } from "../http/body.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { parseStrictJson } from "../kernel/strict_json.ts";
import { invalidFields } from "../managing/management.ts";
import type { AdminFault } from "./fault.ts";

/** What a body may take where its operation says nothing else. */
const MAX_BODY_BYTES = 64 * 1024;
const JSON_TYPE = "application/json";

/**
 * Reads a JSON body strictly: one media type, at most `maxBytes`, UTF-8, no member twice (two readers could each believe
 * another one). A body that is not `required` may be left out, which reads as `{}`.
 */
export async function readJsonBody(
  request: Request,
  required: boolean,
  maxBytes = MAX_BODY_BYTES,
): Promise<Result<unknown, AdminFault>> {
  const type = mediaType(request.headers.get("content-type"));
  const mayBeAbsent = !required && type === "";
  if (type !== JSON_TYPE && !mayBeAbsent) return err({ code: "unsupported_media_type" });
  if (!isPlainUtf8(request.headers)) return err({ code: "unsupported_media_type" });
  const body = await readTextBody(request, maxBytes);
  if (!body.ok) return err({ code: body.error === "body_too_large" ? "body_too_large" : "invalid_json" });
  if (body.value === "" && !required) return ok({});
  if (mayBeAbsent) return err({ code: "unsupported_media_type" });
  const value = parseStrictJson(body.value);
  return value === undefined ? err({ code: "invalid_json" }) : ok(value);
}

/** Reads the query as an object of texts. A name given twice is refused: nothing here repeats. */
export function readQuery(query: URLSearchParams): Result<Readonly<Record<string, string>>, AdminFault> {
  const names = [...query.keys()];
  const repeated = names.filter((name, at) => names.indexOf(name) < at);
  if (repeated.length > 0) {
    return err(invalidFields(repeated.slice(0, 1).map((field) => ({ field, reason: "is repeated" }))));
  }
  return ok(Object.fromEntries(query));
}
