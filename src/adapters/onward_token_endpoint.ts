import { Outage } from "../kernel/outage.ts";
import type { OutboundReach } from "../policy/outbound_url.ts";
import { basicCredentials } from "../protocol/basic_credentials.ts";
import { type GrantedToken, parseTokenResponse } from "../protocol/token_response.ts";
import { boundedJson } from "./bounded_json.ts";

const DEPENDENCY = "onward_token";
const DEADLINE_MS = 3_000;
const MAX_BYTES = 64 * 1024;

/** Whom a token is asked of, as whom, and for what. */
export interface OnwardClient {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | null;
  readonly resource: string | null;
  readonly reach: OutboundReach;
}

/**
 * Asks for a token by client credentials (RFC 6749 §4.4.2, RFC 8707 §2). Throws `Outage` for every answer but a usable one:
 * to whoever waits for the token it is all one that the server is down, and that it does not like us.
 */
export async function fetchOnwardToken(client: OnwardClient): Promise<GrantedToken> {
  const { tokenUrl, clientId, clientSecret, scope, resource, reach } = client;
  const body = new URLSearchParams({ grant_type: "client_credentials" });
  if (scope !== null) body.set("scope", scope);
  if (resource !== null) body.set("resource", resource);
  const headers = {
    authorization: basicCredentials(clientId, clientSecret),
    "content-type": "application/x-www-form-urlencoded",
  };
  const types = ["application/json"];
  const bounds = { dependency: DEPENDENCY, deadlineMs: DEADLINE_MS, maxBytes: MAX_BYTES, types, reach };
  const answer = await boundedJson(tokenUrl, bounds, { method: "POST", headers, body: body.toString() });
  const granted = parseTokenResponse(answer);
  if (granted === null) throw new Outage(DEPENDENCY, { cause: "no token" });
  return granted;
}
