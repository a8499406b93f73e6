import type { ClientRecord } from "../ports/clients.ts";
import type { DeviceRequest } from "../ports/device_authorizations.ts";
import type { Guesses } from "../ports/guesses.ts";
import type { DeviceVerdict } from "../protocol/device_authorization.ts";
import type { GrantTerms } from "../protocol/grant_terms.ts";
import { DEVICE_CODE_GRANT } from "../protocol/grant_types.ts";
import { holdingsOf } from "../protocol/holdings.ts";
import { type ClientId, type GrantId, newGrantId } from "../protocol/ids.ts";
import { parseUserCode, type UserCode } from "../protocol/user_code.ts";
import { type Authorizing, findEnabledClient, type SignedIn } from "./authorizing.ts";
import { grantSeconds } from "./continue_authorization.ts";
import { deviceName } from "./device_code.ts";
import { DEVICE_REDIRECT } from "./device_code_grant.ts";
import { subjectFor } from "./finish_authorization.ts";
import { type Throttled, takeByAddress } from "./guess_budgets.ts";
import type { Issuer, Moment } from "./issuer.ts";
import type { Visitor } from "./people.ts";

/**
 * What a person does with a user code (RFC 8628 §3.3): look it up, then allow or deny. Owns that nothing is allowed without a
 * decision of its own, and that codes cannot be tried out. Refuses to tell an unknown code from one that is over or used.
 */
export interface DeviceVerification extends Pick<Authorizing, "subjects" | "lifetimes"> {
  readonly issuer: Authorizing["issuer"] & Pick<Issuer, "devices">;
  readonly guesses: Pick<Guesses, "take">;
}

/** Why there is nothing to decide: one answer for codes that never were, are over, or were used. */
export type UserCodeFault = Throttled | { readonly kind: "unknown" };

/** What a person is asked. */
export interface DeviceQuestion {
  readonly kind: "waiting";
  readonly userCode: UserCode;
  readonly client: ClientRecord;
  readonly scopes: readonly string[];
  /** The API, named or the default. */
  readonly resource: string;
  /** How long what is given lasts, in seconds. */
  readonly lastsSeconds: number;
}

/** A decision that stands. */
export interface DeviceDecided {
  readonly kind: "approved" | "denied";
  readonly clientId: ClientId;
  readonly grantId: GrantId | null;
}

/** Looks a code up, as somebody typed it. Changes nothing but the budget. Throws `Outage`. */
export async function lookUpDevice(
  text: string,
  visitor: Visitor,
  parts: DeviceVerification,
  moment: Moment,
): Promise<DeviceQuestion | UserCodeFault> {
  const found = await findDevice(text, visitor, parts, moment);
  if (found.kind !== "found") return found;
  const { userCode, request, client } = found;
  if (request.verdict !== null) return { kind: "unknown" };
  const { scopes, resource } = request;
  const lastsSeconds = grantSeconds(client, resource, parts);
  const api = resource ?? parts.issuer.catalog.apis[0].resource;
  return { kind: "waiting", userCode, client, scopes, resource: api, lastsSeconds };
}

/**
 * Lets the device in, in the name of who is signed in. The grant is put into the account first, where it waits as long as the device
 * code lives: whatever ends the account's grants in between ends this one too. Then the device is told. Where
 * somebody else's word stands, the grant that was put there is one that nothing leads to, and it ends by itself.
 *
 * The same person's same decision is answered alike each time: a form that was sent twice. Throws `Outage`.
 */
export async function approveDevice(
  text: string,
  signedIn: SignedIn,
  visitor: Visitor,
  parts: DeviceVerification,
  moment: Moment,
): Promise<DeviceDecided | UserCodeFault> {
  const found = await findDevice(text, visitor, parts, moment);
  if (found.kind !== "found") return found;
  const { name, request } = found;
  if (request.verdict !== null) return standing(request.verdict, "approved", request, signedIn);
  const grantId = await putGrant(found, signedIn, parts, moment);
  if (grantId === null) return { kind: "unknown" };
  const verdict = { kind: "approved", user: signedIn.user.id, grantId } as const;
  const stands = await parts.issuer.devices.decide(name, verdict, moment.nowMs);
  return standing(stands, "approved", request, signedIn);
}

/** Turns the device away. Throws `Outage`. */
export async function denyDevice(
  text: string,
  signedIn: SignedIn,
  visitor: Visitor,
  parts: DeviceVerification,
  moment: Moment,
): Promise<DeviceDecided | UserCodeFault> {
  const found = await findDevice(text, visitor, parts, moment);
  if (found.kind !== "found") return found;
  const verdict = { kind: "denied", user: signedIn.user.id } as const;
  const stands = await parts.issuer.devices.decide(found.name, verdict, moment.nowMs);
  return standing(stands, "denied", found.request, signedIn);
}

interface FoundDevice {
  readonly kind: "found";
  readonly userCode: UserCode;
  readonly name: string;
  readonly request: DeviceRequest;
  readonly client: ClientRecord;
}

/**
 * The one way to a device by its user code (RFC 8628 §5.1). The address pays before anything is looked at, for codes that
 * nobody could have been given as well, and so does each step of the honest. The client is looked up anew: one that
 * was disabled, or lost the grant, is asked about no more.
 */
async function findDevice(
  text: string,
  visitor: Visitor,
  { issuer, guesses }: DeviceVerification,
  moment: Moment,
): Promise<FoundDevice | UserCodeFault> {
  const wait = await takeByAddress("user_codes", visitor, { guesses, secrets: issuer.secrets }, moment.nowMs);
  if (wait !== null) return { kind: "throttled", ...wait };
  const userCode = parseUserCode(text);
  if (userCode === null) return { kind: "unknown" };
  const name = await deviceName(userCode, issuer.secrets);
  const request = await issuer.devices.find(name, moment.nowMs);
  if (request === null) return { kind: "unknown" };
  const view = await issuer.revocations.view(moment.nowMs, moment.defer, 0);
  const client = await findEnabledClient(request.clientId, { issuer }, moment, view);
  if (client === null || !client.grantTypes.includes(DEVICE_CODE_GRANT)) return { kind: "unknown" };
  return { kind: "found", userCode, name, request, client };
}

/** Puts a grant for the device into the account, to be collected with the device code; null where the account is blocked, or the client's access was taken back. */
async function putGrant(
  { client, request }: FoundDevice,
  { user, session }: SignedIn,
  parts: DeviceVerification,
  { nowMs }: Moment,
): Promise<GrantId | null> {
  const { issuer, lifetimes } = parts;
  const terms: GrantTerms = {
    clientId: client.id,
    subject: await subjectFor(user.id, client, parts),
    // The device is not in this browser: what it gets goes on when the browser signs out.
    sessionId: null,
    sid: null,
    scopes: request.scopes,
    resource: request.resource,
    nonce: null,
    authTimeMs: session.authTimeMs,
    amr: session.amr,
    acr: session.acr,
    refreshable: client.grantTypes.includes("refresh_token"),
  };
  const grantId = newGrantId(issuer.random);
  const issued = await issuer.accounts.issueCode(
    user.id,
    {
      grantId,
      codeHash: request.codeHash,
      redirectUri: DEVICE_REDIRECT,
      codeChallenge: null,
      dpopThumbprint: null,
      terms,
      holdings: holdingsOf(user),
      givenIn: session.id,
      provenAtEpoch: session.accountEpoch,
      // As a page that was open before it: whoever takes an app's access back does not mean a device of it that waits already.
      begun: { seenWithdrawals: session.withdrawals, atMs: request.askedAtMs ?? nowMs },
    },
    { ...lifetimes, codeMs: request.endsAtMs - nowMs },
    nowMs,
  );
  return issued === "issued" ? grantId : null;
}

/** What the person is told of the verdict that stands. Another's, or another one, is none of theirs. */
function standing(
  stands: DeviceVerdict | null,
  wanted: DeviceVerdict["kind"],
  { clientId }: DeviceRequest,
  { user }: SignedIn,
): DeviceDecided | UserCodeFault {
  if (stands === null || stands.user !== user.id || stands.kind !== wanted) return { kind: "unknown" };
  return { kind: wanted, clientId, grantId: stands.kind === "approved" ? stands.grantId : null };
}
