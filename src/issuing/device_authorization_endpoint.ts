import { sha256Base64url, toBase64url } from "../kernel/bytes.ts";
import { Outage } from "../kernel/outage.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { DeviceStart } from "../protocol/device_authorization.ts";
import type { Form } from "../protocol/form.ts";
import { DEVICE_CODE_GRANT } from "../protocol/grant_types.ts";
import { type OAuthError, oauthError, tooManyRequests } from "../protocol/oauth_error.ts";
import { choosePersonTarget } from "../protocol/person_target.ts";
import { parseScope } from "../protocol/scope.ts";
import { newUserCode, type UserCode } from "../protocol/user_code.ts";
import { deviceName, newDeviceCode } from "./device_code.ts";
import { identifyClient } from "./identify_client.ts";
import type { Caller, Issuer, Moment } from "./issuer.ts";

const SECRET_BYTES = 32;
/** Of 20^8 codes a taken one is drawn once in an age; five times in a row means that something is wrong with the draw. */
const MOST_DRAWS = 5;

/** A device authorization response (RFC 8628 §3.2), with what the log is told about it. */
export interface IssuedDeviceCode {
  readonly deviceCode: string;
  readonly userCode: UserCode;
  readonly expiresInSeconds: number;
  readonly intervalSeconds: number;
  readonly clientId: string;
  readonly scopes: readonly string[];
}

/** The device authorization endpoint (RFC 8628 §3.1): a client without a browser begins. Throws `Outage`. */
export async function deviceAuthorizationEndpoint(
  caller: Caller,
  form: Form,
  issuer: Issuer,
  moment: Moment,
): Promise<Result<IssuedDeviceCode, OAuthError>> {
  const view = await issuer.revocations.view(moment.nowMs, moment.defer, 0);
  const client = await identifyClient(caller, form, issuer, moment, view);
  if (!client.ok) return client;
  if (!client.value.grantTypes.includes(DEVICE_CODE_GRANT)) {
    return err(oauthError("unauthorized_client", "the client is not allowed this grant"));
  }
  const asked = askedAccess(client.value, form, issuer);
  if (!asked.ok) return asked;
  // Each code is an object with storage of its own, and a public client is anybody.
  const wait = await issuer.deviceBudget.take(caller.address, moment.nowMs);
  if (wait !== null) {
    return err(tooManyRequests("too many device codes: wait", "device_codes_throttled", wait.retryAfterSeconds));
  }
  return ok(await begin(client.value, asked.value, issuer, moment));
}

type AskedAccess = Pick<DeviceStart, "scopes" | "resource">;

/** Scopes and API, as at the authorization endpoint: `offline_access` is nothing to a client without refresh tokens. */
function askedAccess(client: ClientRecord, form: Form, { catalog }: Issuer): Result<AskedAccess, OAuthError> {
  const text = form.get("scope");
  const requested = text === undefined ? null : parseScope(text);
  if (text !== undefined && requested === null) {
    return err(oauthError("invalid_scope", "scope is malformed", "malformed_scope"));
  }
  const resources = form.all("resource");
  const target = choosePersonTarget(
    { resources, requested, clientScopes: client.scopes, clientDefaults: client.defaultScopes },
    catalog,
  );
  if (!target.ok) return target;
  const mayStay = client.grantTypes.includes("refresh_token");
  const scopes = target.value.scopes.filter((scope) => mayStay || scope !== "offline_access");
  return scopes.length === 0
    ? err(oauthError("invalid_scope", "the client may not have offline access", "no_default_scope"))
    : ok({ scopes, resource: resources[0] ?? null });
}

async function begin(
  client: ClientRecord,
  { scopes, resource }: AskedAccess,
  issuer: Issuer,
  { nowMs }: Moment,
): Promise<IssuedDeviceCode> {
  const { deviceCodeSeconds: expiresInSeconds, devicePollSeconds: intervalSeconds } = issuer.deviceTimes;
  const secret = toBase64url(issuer.random(SECRET_BYTES));
  const start: DeviceStart = {
    clientId: client.id,
    codeHash: await sha256Base64url(secret),
    scopes,
    resource,
    askedAtMs: nowMs,
    endsAtMs: nowMs + expiresInSeconds * 1000,
    intervalMs: intervalSeconds * 1000,
  };
  for (let draw = 0; draw < MOST_DRAWS; draw++) {
    const userCode = newUserCode(issuer.random);
    const name = await deviceName(userCode, issuer.secrets);
    if ((await issuer.devices.begin(name, start)) === "conflict") continue;
    const deviceCode = await newDeviceCode(name, secret, issuer.secrets);
    return { deviceCode, userCode, expiresInSeconds, intervalSeconds, clientId: client.id, scopes };
  }
  throw new Outage("devices", { cause: "no free user code" });
}
