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
  if (search !== "") {
    if (search.length > MAX_QUERY_CHARACTERS) return err("path_too_long");
    if (/%(?![0-9A-Fa-f]{2})|%00|[\\\u0000-\u0020\u007f]/.test(search)) {
      return err("query_ambiguous");
    }
    // RFC 6750 §2.3 and RFC 9700 §4.3.2: a token in a URL ends in logs and histories. It is never honoured.
    if (url.searchParams.has("access_token")) return err("credential_in_query");
  }
  const segments = canonicalSegments(url.pathname);
  if (!segments.ok) return segments;
  const { decoded, path } = segments.value;
  return ok({ method, scheme: url.protocol, host: url.host, segments: decoded, path, search });
}
