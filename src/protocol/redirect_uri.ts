import type { PersonFacing } from "./person_facing.ts";

/*
 * Redirect URIs are where codes go: whoever chooses one gets the user's grant. So what may be registered is narrow, and
 * what is asked for is compared as text, never as a parsed URL: two parsers that disagree on `\`, `@` or a tab are how
 * codes end up elsewhere (RFC 9700 §4.1.3).
 */

/** Bounds what a client record and a `Location` may hold. */
const MAX_CHARACTERS = 2_048;

/** Visible ASCII without what some parser reads in another way than ours, or a page might. `*` is nobody's path. */
const PLAIN = /^[\x21\x23-\x29\x2b-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/;

/** Parameters of the answer: in the URI's own query they would be there twice (RFC 9207 §2.4). */
const ANSWER_PARAMETERS = ["code", "state", "iss", "error", "error_description", "error_uri", "response"];

/** What runs or reads in place of leading anywhere. None has a dot, so none is taken anyway: the list is the second lock. */
const SCRIPT_SCHEMES: ReadonlySet<string> = new Set(["javascript:", "data:", "vbscript:", "file:", "blob:", "about:"]);

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "[::1]", "localhost"]);

/** A loopback IP literal, its port, and the rest (RFC 8252 §7.3). `localhost` may resolve elsewhere: its port is fixed (§8.3). */
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::([1-9]\d{0,4}))?(\/.*)$/;

type ApplicationType = PersonFacing["applicationType"];

/**
 * Why `uri` may not be registered as a redirect URI, completing "the field ..."; null where it may (RFC 6749 §3.1.2,
 * RFC 8252 §7, RFC 9700 §2.6). `http` is for native clients on this machine alone: 127.0.0.1, [::1], and `localhost`,
 * which many development tools insist on.
 */
export function redirectUriFault(uri: string, applicationType: ApplicationType): string | null {
  if (uri.length > MAX_CHARACTERS) return "is longer than 2048 characters";
  if (uri.includes("#")) return "has a fragment";
  if (uri.includes("*")) return "has a wildcard: redirect URIs are compared as they stand";
  if (!PLAIN.test(uri)) return "has a character that does not belong in a URI";
  const url = parsedUrl(uri);
  if (url === null) return "is not an absolute URI";
  if (SCRIPT_SCHEMES.has(url.protocol)) return "has a scheme that runs or reads content";
  if (url.username !== "" || url.password !== "" || /^[^/?]*\/\/[^/?]*@/.test(uri)) return "has credentials in it";
  const fault = schemeFault(url, applicationType);
  if (fault !== null) return fault;
  if (url.href !== uri)
    return `is not in its normal form: write ${url.href.length > 200 ? "it as a URL parser does" : url.href}`;
  if (ANSWER_PARAMETERS.some((name) => url.searchParams.has(name))) return "has a parameter of the answer in its query";
  return null;
}

function schemeFault({ protocol, hostname }: URL, applicationType: ApplicationType): string | null {
  if (protocol === "https:") return hostname === "" ? "has no host" : null;
  const isNative = applicationType === "native";
  if (protocol === "http:") {
    return isNative && LOOPBACK_HOSTS.has(hostname)
      ? null
      : "must be https (http is for native clients on 127.0.0.1, [::1] or localhost)";
  }
  // RFC 8252 §7.1: a scheme made of a domain name in reverse, so that its owner can be told from a squatter.
  if (!/^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:$/.test(protocol)) return "has a scheme that is not taken here";
  return isNative ? null : "has a private-use scheme, which native clients alone may have";
}

/**
 * Whether `asked` is one of the `registered` URIs, character by character (RFC 9700 §2.1). Only a loopback IP redirect of
 * a native client may differ, in its port: the app takes what port the system gives it (RFC 8252 §7.3).
 */
export function matchesRedirect(
  { redirectUris, applicationType }: Pick<PersonFacing, "redirectUris" | "applicationType">,
  asked: string,
): boolean {
  if (redirectUris.includes(asked)) return true;
  const wanted = applicationType === "native" ? withoutPort(asked) : null;
  return wanted !== null && redirectUris.some((registered) => withoutPort(registered) === wanted);
}

function withoutPort(uri: string): string | null {
  const [, host, port = "80", rest] = LOOPBACK.exec(uri) ?? [];
  return host === undefined || Number(port) > 65_535 ? null : `http://${host}${rest}`;
}

/** Whether only its owner's site can receive what is sent to `uri`; an app on the device may pose as another (RFC 8252 §8.6). */
export function isClaimedRedirect(uri: string): boolean {
  return uri.startsWith("https://");
}

/** The hosts of `uris` that belong to somebody: neither loopback nor a private-use scheme names one. */
export function ownHosts(uris: readonly string[]): readonly string[] {
  const hosts = uris.filter(isClaimedRedirect).flatMap((uri) => parsedUrl(uri)?.hostname ?? []);
  return [...new Set(hosts)];
}

function parsedUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
