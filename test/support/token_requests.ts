import { decodeJwt } from "jose";
import type { Isolate, RegisteredClient, Told } from "./issuer_world.ts";
import { secret } from "./logs.ts";

/** Form parameters; a list repeats its name. */
export type Parameters = Readonly<Record<string, string | readonly string[]>>;

/** `parameters` as a form body. */
export function formBody(parameters: Parameters): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of typeof value === "string" ? [value] : value) form.append(name, one);
  }
  return form.toString();
}

/** HTTP Basic of two halves that are form-encoded already. */
export function rawBasic(id: string, secret: string): string {
  return `Basic ${btoa(`${id}:${secret}`)}`;
}

/** The Authorization value of `client` (RFC 6749 §2.3.1). */
export function basic({ id, secret }: Pick<RegisteredClient, "id" | "secret">): string {
  return rawBasic(encodeURIComponent(id), encodeURIComponent(secret));
}

/** Posts a form to `path`; headers may replace the content type. */
export function postForm(
  isolate: Pick<Isolate, "fetch">,
  path: string,
  parameters: Parameters | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const body = typeof parameters === "string" ? parameters : formBody(parameters);
  const sent = { "content-type": "application/x-www-form-urlencoded", ...headers };
  return isolate.fetch(path, { method: "POST", headers: sent, body });
}

/** Asks for a token by client credentials, as `client` by Basic. */
export function askToken(
  isolate: Pick<Isolate, "fetch">,
  client: Pick<RegisteredClient, "id" | "secret">,
  parameters: Parameters = {},
): Promise<Told> {
  const form = { grant_type: "client_credentials", ...parameters };
  return postForm(isolate, "/oauth2/token", form, { authorization: basic(client) });
}

/** A token of `client`, or a failure that says what came instead. */
export async function tokenOf(
  isolate: Pick<Isolate, "fetch">,
  client: Pick<RegisteredClient, "id" | "secret">,
  parameters: Parameters = {},
): Promise<string> {
  const told = await askToken(isolate, client, parameters);
  if (typeof told.json.access_token !== "string") throw new Error(`no token: ${told.status} ${told.text}`);
  return secret(told.json.access_token);
}

/** The claims of `token`, signed once more by the same issuer and bound by `cnf`. */
export async function boundAnew(
  isolate: Isolate,
  token: unknown,
  cnf: Readonly<Record<string, unknown>>,
): Promise<string> {
  const claims = { ...decodeJwt(String(token)), cnf };
  const request = { alg: "ES256", type: "at+jwt", claims, nowMs: Date.now(), leastRingVersion: 0 } as const;
  return secret(await isolate.parts.issuer.signer.sign(request, () => undefined));
}
