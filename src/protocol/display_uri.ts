import { isLoopbackHost } from "../kernel/loopback.ts";
import { displayText } from "./display_text.ts";

const MAX_HOST = 120;

/**
 * `uri` if a link may lead there: http or https without credentials, in the parser's own spelling. Null for everything else,
 * `javascript:` and `data:` first of all: no template checks the scheme of an `href`.
 */
export function webHref(uri: string): string | null {
  const url = parseUrl(uri);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") return null;
  return url.href;
}

/** Where a redirect URI leads, in the words of a consent page. */
export type Destination =
  | { readonly kind: "site"; readonly host: string }
  /** A program on the person's own device (RFC 8252 §7.3). */
  | { readonly kind: "loopback" }
  /** An app that registered a scheme of its own (RFC 8252 §7.1). */
  | { readonly kind: "app"; readonly scheme: string };

/** Where `redirectUri` leads. Host names stay in ASCII (punycode): a look-alike letter is then seen. */
export function destinationOf(redirectUri: string): Destination {
  const url = parseUrl(redirectUri);
  if (url === null) return { kind: "app", scheme: "unknown" };
  if (!/^https?:$/.test(url.protocol)) {
    return { kind: "app", scheme: displayText(url.protocol.slice(0, -1), MAX_HOST, "unknown") };
  }
  return isLoopbackHost(url.hostname) ? { kind: "loopback" } : { kind: "site", host: url.host };
}

/**
 * The source expression that lets a form's redirects reach `redirectUri` and go on from there (CSP 3 §2.3.2), or null where it is no
 * URI: its scheme. Chromium applies `form-action` to every redirect of a navigation that a form began, and many clients' callbacks
 * redirect on to another host of theirs, which nobody registers here: with hosts in the policy the person would be left
 * standing on the page, though the client has had its answer. `http:` lets https pass as well.
 */
export function formActionSource(redirectUri: string): string | null {
  return parseUrl(redirectUri)?.protocol ?? null;
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
