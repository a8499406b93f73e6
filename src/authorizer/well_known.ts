import { problemResponse } from "../http/problem.ts";
import type { CanonicalRequest } from "../policy/canonical_request.ts";
import type { SecurityHeaders } from "../policy/security_headers.ts";
import type { PublishedKeyReader } from "../ports/key_ring.ts";
import { AUTHZEN_METADATA_PATH, type AuthzenMetadataInput, authzenMetadata } from "../protocol/authzen/metadata.ts";
import { type ResourceMetadataInput, resourceMetadata, resourceMetadataUrl } from "../protocol/resource_metadata.ts";
import { finishResponse } from "./response.ts";

const METADATA_MAX_AGE_SECONDS = 300;
/** Short, because a new identity key signs as soon as the schedule says, and origins ask again for an unknown one. */
const IDENTITY_KEYS_MAX_AGE_SECONDS = 60;

/** What the gateway publishes about itself. */
export interface WellKnownParts {
  readonly metadata: ResourceMetadataInput;
  /** Of AuthZEN's API; null where there is none. */
  readonly authzen: AuthzenMetadataInput | null;
  readonly identityKeys: PublishedKeyReader;
  readonly security: SecurityHeaders;
}

/** Answers the paths that the gateway keeps for itself (DESIGN: reserved on gateway hosts). Throws `Outage`. */
export async function wellKnownResponse(
  canonical: CanonicalRequest,
  parts: WellKnownParts,
  requestId: string,
): Promise<Response> {
  const response = await answer(canonical, parts, requestId);
  finishResponse(response.headers, requestId, canonical.scheme, parts.security);
  return response;
}

async function answer({ method, path }: CanonicalRequest, parts: WellKnownParts, requestId: string): Promise<Response> {
  const authzen = path === AUTHZEN_METADATA_PATH ? parts.authzen : null;
  const isMetadata = path === new URL(resourceMetadataUrl(parts.metadata.resource)).pathname;
  const isIdentityKeys = path === "/.well-known/sallyport/identity-jwks.json";
  if (!isMetadata && !isIdentityKeys && authzen === null) {
    return problemResponse({ status: 404, code: "not_found", title: "Not Found" }, requestId);
  }
  if (method !== "GET" && method !== "HEAD") {
    const problem = { status: 405, code: "method_not_allowed", title: "Method Not Allowed" };
    return problemResponse(problem, requestId, { allow: "GET, HEAD" });
  }
  if (authzen !== null) return document(authzenMetadata(authzen), "application/json", METADATA_MAX_AGE_SECONDS);
  if (isMetadata) return document(resourceMetadata(parts.metadata), "application/json", METADATA_MAX_AGE_SECONDS);
  const { keys } = await parts.identityKeys.read(Date.now(), 0);
  return document({ keys }, "application/jwk-set+json", IDENTITY_KEYS_MAX_AGE_SECONDS);
}

function document(body: object, type: string, maxAgeSeconds: number): Response {
  const headers = {
    "content-type": type,
    "cache-control": `public, max-age=${maxAgeSeconds}`,
    "access-control-allow-origin": "*",
  };
  return new Response(JSON.stringify(body), { headers });
}
