import type { ScopedContext } from "../http/request_scope.ts";
import type { Issuer } from "../issuing/issuer.ts";
import type { PublishedKeyReader } from "../ports/key_ring.ts";
import { GRANT_TYPES } from "../protocol/grant_types.ts";
import { serverMetadata } from "../protocol/server_metadata.ts";
import { RING_FEED_ID } from "../protocol/signing_key_ring.ts";

const METADATA_MAX_AGE_SECONDS = 300;

/** `GET /.well-known/oauth-authorization-server` (RFC 8414 §3). */
export function metadataRoute(_c: ScopedContext, issuer: Issuer): Response {
  const document = serverMetadata({
    catalog: issuer.catalog,
    grantTypes: GRANT_TYPES,
    clientAuthMethods: ["client_secret_basic", "client_secret_post"],
  });
  return publicDocument(document, "application/json", METADATA_MAX_AGE_SECONDS);
}

/** `GET /.well-known/jwks.json` (RFC 7517 §5), cacheable for less time than a key is published before it signs. */
export async function jwksRoute(
  c: ScopedContext,
  issuer: Issuer,
  published: PublishedKeyReader,
  maxAgeSeconds: number,
): Promise<Response> {
  const { nowMs } = c.var.scope;
  const view = await issuer.revocations.view(nowMs, (work) => c.executionCtx.waitUntil(work), 0);
  const { keys } = await published.read(nowMs, view?.leastEpoch("config", RING_FEED_ID) ?? 0);
  return publicDocument({ keys }, "application/jwk-set+json", maxAgeSeconds);
}

/** A document that anyone may read from anywhere, browsers included: nothing in it depends on who asks. */
function publicDocument(document: object, type: string, maxAgeSeconds: number): Response {
  return new Response(JSON.stringify(document), {
    headers: {
      "content-type": type,
      "cache-control": `public, max-age=${maxAgeSeconds}`,
      "access-control-allow-origin": "*",
    },
  });
}
