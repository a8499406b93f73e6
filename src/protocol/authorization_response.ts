import type { AuthorizationError } from "./authorize/authorization_error.ts";
import type { ReturnAddress } from "./authorize/return_address.ts";

/** What the client is told: a code, or why there is none. */
export type AuthorizationAnswer =
  | { readonly kind: "code"; readonly code: string }
  | { readonly kind: "error"; readonly error: Pick<AuthorizationError, "code" | "description"> };

/** How an answer leaves: by a redirect (303: a form's fields must not be sent along, RFC 9700 §4.12), or by a form. */
export type AuthorizationResponse =
  | { readonly kind: "redirect"; readonly location: string }
  | { readonly kind: "form_post"; readonly action: string; readonly fields: readonly (readonly [string, string])[] };

/**
 * The authorization response (RFC 6749 §4.1.2, RFC 9207 §2): `state` as it came, and `iss`, so that a client of several
 * issuers cannot be made to send one's code to another. The redirect URI is text that was proven, and stays as it is:
 * what it has of a query is kept.
 */
export function authorizationResponse(
  { redirectUri, responseMode, state }: ReturnAddress,
  answer: AuthorizationAnswer,
  issuer: string,
): AuthorizationResponse {
  const fields = [
    ...answerFields(answer),
    ...(state === null ? [] : [["state", state] as const]),
    ["iss", issuer] as const,
  ];
  // Percent-encoding alone: whether `+` is a space is something that readers of fragments disagree on.
  const encoded = fields.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  switch (responseMode) {
    case "query":
      return { kind: "redirect", location: `${redirectUri}${separator(redirectUri)}${encoded}` };
    case "fragment":
      return { kind: "redirect", location: `${redirectUri}#${encoded}` };
    case "form_post":
      return { kind: "form_post", action: redirectUri, fields };
  }
}

function answerFields(answer: AuthorizationAnswer): (readonly [string, string])[] {
  return answer.kind === "code"
    ? [["code", answer.code]]
    : [
        ["error", answer.error.code],
        ["error_description", answer.error.description],
      ];
}

function separator(uri: string): string {
  if (!uri.includes("?")) return "?";
  return /[?&]$/.test(uri) ? "" : "&";
}
