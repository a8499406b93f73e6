import { isPlainUtf8, mediaType, readTextBody } from "../http/body.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { parseStrictJson } from "../kernel/strict_json.ts";
import { formOriginFault } from "../protocol/form_origin.ts";

/** Why a JSON body is not looked at: stable codes. */
export type JsonRequestFault =
  | "origin_foreign"
  | "credential_in_query"
  | "unsupported_media_type"
  | "body_too_large"
  | "invalid_json";

const MAX_BODY_BYTES = 64 * 1024;
const JSON_TYPE = "application/json";
/** In a URL they end in logs and histories. */
const BODY_ONLY = ["email", "password", "client_id", "client_secret", "refresh_token"];

/**
 * Reads the JSON of a POST: checks in order. Another site's script gets nowhere: what it may send without asking first is text/plain or a
 * form, a preflight is answered with no permission, and an `Origin` that is not ours is refused here as well, so that no browser
 * ever guesses passwords for the page that it shows. Apps send no `Origin` at all.
 */
export async function readJsonRequest(request: Request, ownOrigin: string): Promise<Result<unknown, JsonRequestFault>> {
  const { headers } = request;
  const said = { origin: headers.get("origin"), secFetchSite: headers.get("sec-fetch-site") };
  if (formOriginFault(said, ownOrigin) === "form_origin_foreign") return err("origin_foreign");
  if (request.url.includes("?") && namesMember(new URL(request.url).searchParams)) return err("credential_in_query");
  if (mediaType(headers.get("content-type")) !== JSON_TYPE || !isPlainUtf8(headers)) {
    return err("unsupported_media_type");
  }
  const body = await readTextBody(request, MAX_BODY_BYTES);
  if (!body.ok) return err(body.error === "body_too_large" ? "body_too_large" : "invalid_json");
  const value = parseStrictJson(body.value);
  return value === undefined ? err("invalid_json") : ok(value);
}

function namesMember(query: URLSearchParams): boolean {
  return BODY_ONLY.some((name) => query.has(name));
}
