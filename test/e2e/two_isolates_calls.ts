import type { Client, Isolate, Told } from "./two_isolates_world.ts";
import { heard } from "./until.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** Asks `isolate` for a token of `client`. */
export async function tokenOf(isolate: Isolate, client: Client, scope: string): Promise<string> {
  const form = { grant_type: "client_credentials", scope, client_id: client.id, client_secret: client.secret };
  const told = await isolate.call("POST", "/oauth2/token", FORM, new URLSearchParams(form).toString());
  if (typeof told.json.access_token !== "string") throw new Error(`no token: ${told.status}`);
  return told.json.access_token;
}

/** Revokes `token` at `isolate`. */
export async function revoke(isolate: Isolate, client: Client, token: string): Promise<number> {
  const form = { token, client_id: client.id, client_secret: client.secret };
  return (await isolate.call("POST", "/oauth2/revoke", FORM, new URLSearchParams(form).toString())).status;
}

/** One call of the admin API at `isolate` with a fresh operator's token. Throws unless it is done and announced. */
export async function administer(
  isolate: Isolate,
  operator: Client,
  method: string,
  path: string,
  body?: object,
): Promise<Told["json"]> {
  const authorization = `Bearer ${await tokenOf(isolate, operator, "admin")}`;
  const headers = { authorization, ...(body === undefined ? {} : { "content-type": "application/json" }) };
  const told = await isolate.call(
    method,
    `/admin/v1${path}`,
    headers,
    body === undefined ? undefined : JSON.stringify(body),
  );
  if (![200, 201, 204].includes(told.status)) throw new Error(`${method} ${path}: ${told.status}`);
  return told.json;
}

/** A call through the gate of `isolate`: its status, once the gate could tell. */
export function knock(isolate: Isolate, credential: string): Promise<number> {
  const headers: Record<string, string> = credential.startsWith("sk_")
    ? { "x-api-key": credential }
    : { authorization: `Bearer ${credential}` };
  return heard(async () => (await isolate.call("GET", "/orders", headers)).status);
}
