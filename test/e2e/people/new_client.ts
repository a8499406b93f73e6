import { tokenCall } from "./tokens.ts";
import type { PeopleWorld } from "./world.ts";

/** A client that an operator made. */
export interface MadeClient {
  readonly id: string;
  /** Null for a public client. */
  readonly secret: string | null;
}

/** Makes a client as an operator does, through the admin API: native, and with the demo's scopes, unless `body` says otherwise. */
export async function newClient(
  { url, demo: { admin } }: PeopleWorld,
  body: Readonly<Record<string, unknown>>,
): Promise<MadeClient> {
  const redeemer = { clientId: admin.id, secret: admin.secret };
  const { access_token } = await tokenCall(url, redeemer, { grant_type: "client_credentials", scope: "admin" });
  const answer = await fetch(`${url}/admin/v1/clients`, {
    method: "POST",
    headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
    body: JSON.stringify({
      application_type: "native",
      scopes: ["openid", "profile", "email", "offline_access", "orders:read"],
      ...body,
    }),
  });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`no client was made (${answer.status}): ${text}`);
  const { id, client_secret: secret = null } = JSON.parse(text) as { id: string; client_secret?: string };
  return { id, secret };
}
