import type { Result } from "../kernel/result.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import { presentedClient } from "../protocol/client_credentials.ts";
import type { Form } from "../protocol/form.ts";
import { parseClientId } from "../protocol/ids.ts";
import type { OAuthError } from "../protocol/oauth_error.ts";
import type { Caller, Issuer, Moment } from "./issuer.ts";
import { proveClient } from "./prove_client.ts";

/** Finds and proves the client of a request: the check that every endpoint for clients begins with. Throws `Outage`. */
export async function identifyClient(
  { authorization, address }: Caller,
  form: Form,
  issuer: Issuer,
  { nowMs }: Moment,
  view: RevocationView | null,
): Promise<Result<ClientRecord, OAuthError>> {
  const presented = presentedClient(authorization, form);
  if (!presented.ok) return presented;
  const id = parseClientId(presented.value.clientId);
  const found = id === null ? null : await issuer.clients.find(id, nowMs, view);
  return proveClient(presented.value, found, address, issuer, nowMs);
}
