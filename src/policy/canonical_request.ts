import { err, ok, type Result } from "../kernel/result.ts";
import { type CanonicalFault, canonicalSegments } from "./canonical_path.ts";

/**
 * The one form of a request that is matched, decided on and sent to the origin. Two parties that read a path differently
 * are how a gate is walked round; so what has more than one reading is refused, and what is passed on is spelled anew.
 */
export interface CanonicalRequest {
  readonly method: string;
  /** `http:` or `https:`. */
  readonly scheme: string;
  /** Lower case, with the port where it is not the scheme's own. */
  readonly host: string;
  /** Decoded path segments: what rules compare. */
  readonly segments: readonly string[];
  /** The path, encoded in the one canonical way: what the origin gets. */
  readonly path: string;
  /** The query with its `?`, or the empty string. */
  readonly search: string;
}

export type RequestFault = CanonicalFault | "query_ambiguous" | "credential_in_query";

const MAX_QUERY_CHARACTERS = 8 * 1024;

/** Normalises a request once. `url` is the runtime's own absolute URL. */
export function canonicalRequest(method: string, url: URL): Result<CanonicalRequest, RequestFault> {
  const { search } = url;
  const fault = queryFault(search);
  if (fault !== null) return err(fault);
  const segments = canonicalSegments(url.pathname);
  if (!segments.ok) return segments;
  const { decoded, path } = segments.value;
  return ok({ method, scheme: url.protocol, host: url.host, segments: decoded, path, search });
}

/** A request as someone else received it, and will act on it in that spelling. */
export interface SentRequest {
  readonly method: string;
  /** `http:` or `https:`. */
  readonly scheme: string;
  /** Host and port as sent. */
  readonly host: string;
  /** Path and query as sent (RFC 9112 §3.2.1). */
  readonly target: string;
}

/**
 * Normalises a request that not we pass on but whoever asks, in the spelling of `target`. So nothing is mended here that `new URL`
 * mends: what that would read as another path or host (dot segments, backslashes, tabs, a fragment) is refused.
 */
export function canonicalAsSent({ method, scheme, host, target }: SentRequest): Result<CanonicalRequest, SentFault> {
  const authority = canonicalHost(scheme, host);
  if (authority === null) return err("host_ambiguous");
  const mark = target.indexOf("?");
  const search = mark < 0 || mark === target.length - 1 ? "" : target.slice(mark);
  if (/[^!-~]|#/.test(search)) return err("query_ambiguous");
  const fault = queryFault(search);
  if (fault !== null) return err(fault);
  const sentPath = mark < 0 ? target : target.slice(0, mark);
  if (/[^!-~]|#/.test(sentPath)) return err("path_ambiguous");
  const segments = canonicalSegments(sentPath);
  if (!segments.ok) return segments;
  const { decoded, path } = segments.value;
  return ok({ method, scheme, host: authority, segments: decoded, path, search });
}

export type SentFault = RequestFault | "host_ambiguous";

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

function canonicalHost(scheme: string, host: string): string | null {
  const url = HOST.test(host) ? URL.parse(`${scheme}//${host}/`) : null;
  return url === null || url.host === "" ? null : url.host;
}

/** `search` is the empty string, or begins with its `?`. */
function queryFault(search: string): RequestFault | null {
  if (search === "") return null;
  if (search.length > MAX_QUERY_CHARACTERS) return "path_too_long";
  if (/%(?![0-9A-Fa-f]{2})|%00|[\\\u0000-\u0020\u007f]/.test(search)) return "query_ambiguous";
  // RFC 6750 §2.3 and RFC 9700 §4.3.2: a token in a URL ends in logs and histories. It is never honoured.
  return new URLSearchParams(search).has("access_token") ? "credential_in_query" : null;
}
