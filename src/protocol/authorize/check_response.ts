import { ok, type Result } from "../../kernel/result.ts";
import { type AuthorizationError, refuse } from "./authorization_error.ts";
import type { AuthorizationParameters } from "./parameters.ts";
import { RESPONSE_MODES } from "./return_address.ts";

type Check = Result<null, AuthorizationError>;

/** No parameter stands there twice (RFC 6749 §3.1): two readers would take two different ones. */
export function checkRepetition({ repeated }: AuthorizationParameters): Check {
  return repeated.size === 0 ? ok(null) : refuse("invalid_request", "a parameter is repeated", "repeated_parameter");
}

/** `code` and nothing else: no token is ever in a URL (RFC 9700 §2.1.2). */
export function checkResponseType(parameters: AuthorizationParameters): Check {
  const asked = parameters.get("response_type");
  if (asked === undefined) return refuse("invalid_request", "response_type is missing", "no_response_type");
  return asked === "code"
    ? ok(null)
    : refuse("unsupported_response_type", "the one response_type is code", "response_type_unknown");
}

/** One of the modes that exist here. */
export function checkResponseMode(parameters: AuthorizationParameters): Check {
  const asked = parameters.get("response_mode");
  return asked === undefined || RESPONSE_MODES.some((known) => known === asked)
    ? ok(null)
    : refuse("invalid_request", "response_mode is query, fragment or form_post", "response_mode_unknown");
}

/** Request objects are not read here, and nothing is fetched for them (OpenID Connect Core §6, RFC 9101). */
export function checkRequestObject(parameters: AuthorizationParameters): Check {
  if (parameters.get("request") !== undefined) {
    return refuse("request_not_supported", "request objects are not supported", "request_object");
  }
  return parameters.get("request_uri") === undefined
    ? ok(null)
    : refuse("request_uri_not_supported", "request_uri is not supported", "request_object_uri");
}
