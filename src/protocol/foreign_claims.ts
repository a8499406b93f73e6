import { readPointer } from "../kernel/json_pointer.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isJsonObject } from "../kernel/strict_json.ts";
import type { AccessTokenClaims } from "./access_token.ts";
import { type HeldAttribute, isOfType } from "./attribute_values.ts";
import { type ConfirmationFault, readConfirmation } from "./confirmation.ts";
import { readTenantRoles } from "./holdings.ts";
import { SCOPE_TOKEN } from "./scope.ts";
import { readSignIn } from "./sign_in_claims.ts";
import type { TokenShape } from "./token_shape.ts";

/** How the claims of one issuer's access tokens are read. All pointers are parsed (RFC 6901). */
export interface ClaimReading {
  readonly shape: TokenShape;
  /** Where the operator says that things stand; null leaves it to the shape. */
  readonly subject: readonly string[] | null;
  readonly clientId: readonly string[] | null;
  readonly scopes: readonly (readonly string[])[];
  readonly roles: readonly (readonly string[])[];
  readonly required: readonly RequiredClaim[];
  /** What is known of the subject beside, where the operator says that it stands; absent where nothing is read. */
  readonly attributes?: readonly AttributeClaim[] | undefined;
  /** An object of lists of roles by tenant; absent where none is read. */
  readonly tenantRoles?: readonly string[] | undefined;
}

/** A claim that is an attribute of ours. */
export interface AttributeClaim {
  readonly name: string;
  readonly at: readonly string[];
  /** As `policy.principal` declares it. */
  readonly type: string;
}

/** A claim that must be there with one of these values. */
export interface RequiredClaim {
  readonly at: readonly string[];
  readonly oneOf: readonly (string | number | boolean)[];
}

export type ForeignClaimsFault =
  | "token_claims_malformed"
  | "token_type_wrong"
  | "token_claim_required"
  | ConfirmationFault;

const MAX_NAMES = 256;
const MAX_NAME_CHARACTERS = 256;
const MAX_ID_CHARACTERS = 512;
/** No control characters: names go on to origins and logs. */
const PLAIN = /^\P{Cc}+$/u;

/**
 * Reads the claims of another issuer's access token as its shape and the operator have them. Nothing is coerced or cut
 * off: a claim of another type, or larger than its bound, refuses the token. `jti` is "" where the shape has none. What
 * a token is bound to (`cnf`, RFC 7800) is read for every shape: a binding that nobody looks at would be none.
 */
export function readForeignClaims(
  payload: unknown,
  reading: ClaimReading,
): Result<AccessTokenClaims, ForeignClaimsFault> {
  if (!isJsonObject(payload)) return err("token_claims_malformed");
  const { shape } = reading;
  const { iss, iat, exp, nbf } = payload;
  const named = readNames(payload, reading);
  if (named === null || typeof iss !== "string") return err("token_claims_malformed");
  if (!isTime(iat) || !isTime(exp) || !(nbf === undefined || isTime(nbf))) return err("token_claims_malformed");
  if (!shape.isAccessToken(payload, named.clientId, named.aud)) return err("token_type_wrong");
  const confirmation = readConfirmation(payload.cnf);
  if (!confirmation.ok) return confirmation;
  if (!reading.required.every((claim) => isMet(payload, claim))) return err("token_claim_required");
  const scopes = readList(payload, reading.scopes);
  const roles = readList(payload, reading.roles);
  if (scopes === null || roles === null || !scopes.every((scope) => SCOPE_TOKEN.test(scope))) {
    return err("token_claims_malformed");
  }
  const described = readDescribed(payload, reading);
  if (described === null) return err("token_claims_malformed");
  const times = { iatSeconds: iat, expSeconds: exp, nbfSeconds: nbf ?? null };
  const own = { clientEpoch: 0, grantId: null, userEpoch: 0 };
  const signIn = readSignIn(payload, iat);
  return ok({ iss, ...named, ...times, scopes, roles, ...described, ...own, signIn, confirmation: confirmation.value });
}

/** Attributes and roles of tenants. One that is not there is not known; one of another type is as good as a forged one. */
function readDescribed(
  payload: Payload,
  { attributes = [], tenantRoles }: ClaimReading,
): Pick<AccessTokenClaims, "attributes" | "tenantRoles"> | null {
  const read = new Map<string, HeldAttribute>();
  for (const { name, at, type } of attributes) {
    const value = readPointer(payload, at);
    if (value === undefined) continue;
    if (!isOfType(value, type)) return null;
    read.set(name, value);
  }
  const said = tenantRoles === undefined ? undefined : readPointer(payload, tenantRoles);
  const byTenant = said === undefined ? undefined : readTenantRoles(said);
  if (byTenant === null) return null;
  return {
    ...(read.size > 0 && { attributes: Object.fromEntries(read) }),
    ...(byTenant !== undefined && { tenantRoles: byTenant }),
  };
}

type Payload = Readonly<Record<string, unknown>>;

function readNames(payload: Payload, { shape, subject, clientId: client }: ClaimReading) {
  const clientId = client === null ? firstOf(payload, shape.clientId) : readPointer(payload, client);
  const sub = subject === null ? firstOf(payload, shape.subject) : readPointer(payload, subject);
  const jti = firstOf(payload, shape.tokenId) ?? (shape.isTokenIdRequired ? null : "");
  if (!isId(clientId) || !isId(sub) || !(jti === "" || isId(jti))) return null;
  const isContradicted = shape.clientId.some((name) => payload[name] !== undefined && payload[name] !== clientId);
  if (client === null && isContradicted) return null;
  const aud = readAudience(payload.aud, shape.isClientTheAudience ? clientId : null);
  if (aud === null) return null;
  const isOfClient = shape.isOfClient(payload, sub, clientId);
  return { sub: isOfClient ? clientId : sub, clientId, jti, aud };
}

function readAudience(aud: unknown, instead: string | null): readonly string[] | null {
  if (aud === undefined) return instead === null ? null : [instead];
  const list = typeof aud === "string" ? [aud] : aud;
  return isNameList(list) ? list : null;
}

/** All that stands at the pointers, each an array of names or one text of names with spaces between. */
function readList(payload: Payload, pointers: readonly (readonly string[])[]): readonly string[] | null {
  const names = new Set<string>();
  for (const pointer of pointers) {
    const value = readPointer(payload, pointer);
    if (value === undefined) continue;
    const list = typeof value === "string" ? value.split(" ").filter((name) => name !== "") : value;
    if (!isNameList(list)) return null;
    for (const name of list) names.add(name);
  }
  return names.size > MAX_NAMES ? null : [...names];
}

function isMet(payload: Payload, { at, oneOf }: RequiredClaim): boolean {
  const value = readPointer(payload, at);
  return oneOf.some((wanted) => wanted === value);
}

function firstOf(payload: Payload, names: readonly string[]): unknown {
  const name = names.find((candidate) => Object.hasOwn(payload, candidate));
  return name === undefined ? undefined : payload[name];
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_ID_CHARACTERS && PLAIN.test(value);
}

function isNameList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= MAX_NAMES && value.every(isName);
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value.length <= MAX_NAME_CHARACTERS && PLAIN.test(value);
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
