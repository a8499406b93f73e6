import { ok, type Result } from "../../kernel/result.ts";
import { decodeFormComponent } from "../form.ts";
import { type AuthorizationError, refuse } from "./authorization_error.ts";

/** Parameters of an authorization request. Empty ones are absent (RFC 6749 §3.1), unknown ones are nobody's concern. */
export interface AuthorizationParameters {
  /** The value of `name`; undefined where it is absent or repeated: nobody knows which one was meant. */
  get(name: string): string | undefined;
  /** All values of `resource`, which alone may repeat (RFC 8707 §2). */
  readonly resources: readonly string[];
  /** Names that stand there more than once, in the query, in the body, or once in each. */
  readonly repeated: ReadonlySet<string>;
}

const MAX_CHARACTERS = 16 * 1024;
const MAX_PARAMETERS = 100;

/**
 * Reads query and body of an authorization request together (RFC 6749 §3.1). What repeats is remembered, not refused at
 * once: where client and redirect URI are single, the client is told so.
 */
export function parseParameters(query: string, body: string): Result<AuthorizationParameters, AuthorizationError> {
  if (query.length + body.length > MAX_CHARACTERS) {
    return refuse("invalid_request", "the request is longer than 16 KiB", "request_too_long");
  }
  const pairs = [...query.split("&"), ...body.split("&")].filter((pair) => pair !== "");
  if (pairs.length > MAX_PARAMETERS) return refuse("invalid_request", "too many parameters", "too_many_parameters");
  const values = new Map<string, string[]>();
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    const name = decodeFormComponent(equals < 0 ? pair : pair.slice(0, equals));
    const value = decodeFormComponent(equals < 0 ? "" : pair.slice(equals + 1));
    if (name === null || value === null) {
      return refuse("invalid_request", "the request is not well-formed", "malformed_form");
    }
    const earlier = values.get(name);
    if (earlier === undefined) values.set(name, [value]);
    else earlier.push(value);
  }
  const repeated = [...values].filter(([name, all]) => name !== "resource" && all.length > 1).map(([name]) => name);
  return ok({
    get: (name) => (values.get(name)?.length === 1 ? values.get(name)?.[0] || undefined : undefined),
    resources: (values.get("resource") ?? []).filter((value) => value !== ""),
    repeated: new Set(repeated),
  });
}
