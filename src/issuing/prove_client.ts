import { err, type Result } from "../kernel/result.ts";
import type { ClientRecord, ClientWithSecrets } from "../ports/clients.ts";
import type { PresentedClient } from "../protocol/client_credentials.ts";
import type { OAuthError } from "../protocol/oauth_error.ts";
import { authenticateClient } from "./authenticate_client.ts";
import type { Issuer } from "./issuer.ts";

/**
 * Proves a client that comes from `address` (a unit: /32, /64), and counts what fails: the one way to `authenticateClient`. Whoever
 * failed too often is refused with 429 before its secret is looked at.
 */
export async function proveClient(
  presented: PresentedClient,
  found: ClientWithSecrets | null,
  address: string,
  { failures }: Pick<Issuer, "failures">,
  nowMs: number,
): Promise<Result<ClientRecord, OAuthError>> {
  const id = found?.client.id ?? null;
  const standing = failures.standing(id, address, nowMs);
  if (standing !== null) return err(standing);
  const proven = await authenticateClient(presented, found, nowMs);
  return proven.ok ? proven : err(await failures.ofProof(id, address, proven.error, nowMs));
}
