import type { ScopedContext } from "../http/request_scope.ts";
import type { Issuer } from "../issuing/issuer.ts";
import type { PublishedKeyReader } from "../ports/key_ring.ts";
import { CLIENT_AUTH_METHODS } from "../protocol/client_credentials.ts";
import { GRANT_TYPES } from "../protocol/grant_types.ts";
import { openidMetadata } from "../protocol/openid_metadata.ts";
import { serverMetadata } from "../protocol/server_metadata.ts";
import { RING_FEED_ID } from "../protocol/signing_key_ring.ts";

const METADATA_MAX_AGE_SECONDS = 300;

/** `GET /.well-known/oauth-authorization-server` (RFC 8414 §3). */
export function metadataRoute(issuer: Issuer): Response {
  return publicDocument(serverMetadata(offered(issuer)), "application/json", METADATA_MAX_AGE_SECONDS);
}

/** `GET /.well-known/openid-configuration` (OpenID Connect Discovery §4). */
export function openidConfigurationRoute(issuer: Issuer): Response {
  return publicDocument(openidMetadata(offered(issuer)), "application/json", METADATA_MAX_AGE_SECONDS);
}

function offered({ catalog }: Issuer) {
  return { catalog, grantTypes: GRANT_TYPES, clientAuthMethods: CLIENT_AUTH_METHODS };
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

/** A document that anyone may read and keep: nothing in it depends on who asks. */
function publicDocument(document: object, type: string, maxAgeSeconds: number): Response {
  return new Response(JSON.stringify(document), {
    headers: {
      "content-type": type,
      "cache-control": `public, max-age=${maxAgeSeconds}`,
    },
  });
}
