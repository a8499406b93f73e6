import { equalDigests } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { ClientRecord, ClientWithSecrets } from "../ports/clients.ts";
import { invalidClient, type PresentedClient } from "../protocol/client_credentials.ts";
import { hashClientSecret } from "../protocol/client_secret.ts";
import type { OAuthError } from "../protocol/oauth_error.ts";

/** Compared against where there is no client, so that an unknown id costs the same work. No secret has this digest. */
const NO_DIGEST = "0".repeat(43);

/**
 * Proves that `presented` is the client that was `found` (RFC 6749 §2.3, §3.2.1). Every failure reads the same to the
 * caller and does the same work: unknown and disabled clients, wrong and expired secrets, a method not registered.
 */
export async function authenticateClient(
  presented: PresentedClient,
  found: ClientWithSecrets | null,
  nowMs: number,
): Promise<Result<ClientRecord, OAuthError>> {
  const secretHolds = presented.method !== "none" && (await matchesLiveSecret(presented.secret, found, nowMs));
  if (found === null) return err(invalidClient("unknown_client"));
  const { client } = found;
  if (!client.authMethods.includes(presented.method)) return err(invalidClient("method_not_registered"));
  if (presented.method !== "none" && !secretHolds) return err(invalidClient("wrong_secret"));
  return client.disabled ? err(invalidClient("client_disabled")) : ok(client);
}

async function matchesLiveSecret(secret: string, found: ClientWithSecrets | null, nowMs: number): Promise<boolean> {
  const digest = await hashClientSecret(secret);
  const live = (found?.secrets ?? []).filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs);
  let matches = equalDigests(digest, NO_DIGEST);
  for (const { hash } of live) matches = equalDigests(digest, hash) || matches;
  return matches;
}
