import { tokenCall } from "./tokens.ts";
import type { PeopleWorld } from "./world.ts";

/** A client that an operator made. */
export interface MadeClient {
  readonly id: string;
  /** Null for a public client. */
  readonly secret: string | null;
}

/** An operator's access token, as the admin API wants it. */
export async function adminToken({ url, demo: { admin } }: PeopleWorld): Promise<string> {
  const redeemer = { clientId: admin.id, secret: admin.secret };
  const fields = { grant_type: "client_credentials", scope: "admin" };
  return (await tokenCall(url, redeemer, fields)).access_token;
}

/** Makes a client as an operator does, through the admin API: native, and with the demo's scopes, unless `body` says otherwise. */
export async function newClient(world: PeopleWorld, body: Readonly<Record<string, unknown>>): Promise<MadeClient> {
  const answer = await fetch(`${world.url}/admin/v1/clients`, {
    method: "POST",
    headers: { authorization: `Bearer ${await adminToken(world)}`, "content-type": "application/json" },
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
