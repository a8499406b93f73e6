import type { Answer, Connection } from "../../scripts/workers/connection.ts";
import type { CodeClient, IssuedCode } from "../../scripts/workers/person_browser.ts";
import { heard } from "./until.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** An answer of the token endpoint. */
export interface TokenAnswer {
  readonly status: number;
  readonly error: string | null;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** What everybody is told whose code or refresh token gives nothing. */
export const REFUSED = { status: 400, error: "invalid_grant" };

/** Redeems a code (RFC 6749 §4.1.3). */
export function redeem(connection: Connection, client: CodeClient, issued: IssuedCode): Promise<TokenAnswer> {
  const { code, verifier } = issued;
  const form = { grant_type: "authorization_code", code, code_verifier: verifier, redirect_uri: client.redirectUri };
  return askTokens(connection, client, form);
}

/** Refreshes (RFC 6749 §6). */
export function refresh(connection: Connection, client: CodeClient, refreshToken: string): Promise<TokenAnswer> {
  return askTokens(connection, client, { grant_type: "refresh_token", refresh_token: refreshToken });
}

/** A device that waits for somebody to let it in. */
export interface WaitingDevice {
  readonly deviceCode: string;
  readonly userCode: string;
}

/** Begins a device authorization (RFC 8628 §3.1). Throws where that fails. */
export async function askForDevice(connection: Connection, client: CodeClient): Promise<WaitingDevice> {
  const { status, text } = await post(connection, "/oauth2/device_authorization", client, { scope: client.scope });
  if (status !== 200) throw new Error(`device authorization: ${status}`);
  const { device_code: deviceCode, user_code: userCode } = JSON.parse(text);
  return { deviceCode, userCode };
}

/** Polls for the tokens of a device (RFC 8628 §3.4). */
export function poll(connection: Connection, client: CodeClient, { deviceCode }: WaitingDevice): Promise<TokenAnswer> {
  const grantType = "urn:ietf:params:oauth:grant-type:device_code";
  return askTokens(connection, client, { grant_type: grantType, device_code: deviceCode });
}

/** What UserInfo and a route behind the gate answer to `accessToken`: their statuses. */
export async function knock(connection: Connection, accessToken: string): Promise<readonly number[]> {
  const headers = { authorization: `Bearer ${accessToken}` };
  const userinfo = await connection.send({ method: "GET", path: "/oauth2/userinfo", headers });
  const gate = await heard(async () => (await connection.send({ method: "GET", path: "/orders", headers })).status);
  return [userinfo.status, gate];
}

async function askTokens(
  connection: Connection,
  client: CodeClient,
  form: Readonly<Record<string, string>>,
): Promise<TokenAnswer> {
  return read(await post(connection, "/oauth2/token", client, form));
}

function post(
  connection: Connection,
  path: string,
  { id, secret }: CodeClient,
  form: Readonly<Record<string, string>>,
): Promise<Answer> {
  const proof = secret === null ? {} : { client_secret: secret };
  const body = new URLSearchParams({ ...form, client_id: id, ...proof }).toString();
  return connection.send({ method: "POST", path, headers: FORM, body });
}

function read({ status, text }: Answer): TokenAnswer {
  const json = JSON.parse(text);
  return {
    status,
    error: json.error ?? null,
    accessToken: json.access_token ?? "",
    refreshToken: json.refresh_token ?? "",
  };
}
