import { err, type Result } from "../kernel/result.ts";
import type { ClientRecord, ClientWithSecrets } from "../ports/clients.ts";
import { isPublicClient } from "../protocol/authorize/authorizing_client.ts";
import type { PresentedClient } from "../protocol/client_credentials.ts";
import type { OAuthError } from "../protocol/oauth_error.ts";
import { authenticateClient } from "./authenticate_client.ts";
import type { Issuer } from "./issuer.ts";

/**
 * Proves a client that comes from `address` (a unit: /32, /64), and counts what fails: the one way to `authenticateClient`. Whoever
 * failed too often is told 429 from then on, but for a client that does prove itself: secrets of 256 random bits are not found by
 * trying, and an address may be that of a whole platform's servers. A public client proves nothing, and is refused unseen.
 */
export async function proveClient(
  presented: PresentedClient,
  found: ClientWithSecrets | null,
  address: string,
  { failures }: Pick<Issuer, "failures">,
  nowMs: number,
): Promise<Result<ClientRecord, OAuthError>> {
  const id = found?.client.id ?? null;
  const proven = await authenticateClient(presented, found, nowMs);
  const standing = failures.standing(id, address, nowMs);
  if (standing !== null) return proven.ok && !isPublicClient(proven.value) ? proven : err(standing);
  return proven.ok ? proven : err(await failures.ofProof(id, address, proven.error, nowMs));
}
