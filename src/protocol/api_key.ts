import type { Brand } from "../kernel/brand.ts";
import { sha256Base64url, utf8 } from "../kernel/bytes.ts";
import { crc32 } from "../kernel/crc32.ts";
import { type RandomBytes, toBase62 } from "../kernel/random.ts";
import type { ApiKeyTerms } from "./api_key_terms.ts";
import type { HeldAttributes } from "./attribute_values.ts";
import type { RoleAssignment } from "./holdings.ts";
import { type ApiKeyId, type ClientId, parseClientId, parseUserId, type UserId } from "./ids.ts";

/**
 * API keys as strings and as records. A key reads `sk_live_` (or `sk_test_`, `pk_live_`, `pk_test_`), 43 base-62
 * characters of 32 random bytes, and 6 base-62 characters of the CRC-32 of all that precedes them: scanners find it by
 * its prefix, and a mistyped one is refused before any look-up. The checksum proves nothing about who holds it.
 */
export type ApiKeyEnvironment = "live" | "test";
/** A secret key belongs on servers; a publishable one ships in browsers and opens only routes that allow it. */
export type ApiKeyKind = "secret" | "publishable";

/** A string of the right form, which nobody has looked up yet. */
export type ApiKeyString = Brand<string, "ApiKeyString">;

/** An owner that has an id here. Any other owner is a note of the operators, which gates have no use for. */
export type KeyOwner = UserId | ClientId;

/** `owner` where it is the id of a user or a client. */
export function parseKeyOwner(owner: string | null): KeyOwner | null {
  return owner === null ? null : (parseUserId(owner) ?? parseClientId(owner));
}

/** What the gate needs to know of a key, stored under the SHA-256 of its string. */
export interface ApiKeyRecord {
  readonly id: ApiKeyId;
  readonly environment: ApiKeyEnvironment;
  readonly kind: ApiKeyKind;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** Absent where it has none. */
  readonly assignments?: readonly RoleAssignment[] | undefined;
  /** Absent where it has none. */
  readonly attributes?: HeldAttributes | undefined;
  readonly disabled: boolean;
  /** Unix milliseconds when the key ends; null for never. */
  readonly expiresAtMs: number | null;
  /** Unix milliseconds when this one string ends although the key goes on (rotation's overlap); null for never. */
  readonly secretExpiresAtMs: number | null;
  /** Grows with each change of the key; the edge feed names the least one that still counts. */
  readonly epoch: number;
  /** The user or client whose it is, null for anybody else's; absent in copies of earlier releases, where nobody knows. */
  readonly owner?: KeyOwner | null | undefined;
  /** What else the key is bound to; absent where it is to nothing. */
  readonly terms?: ApiKeyTerms | undefined;
}

const PREFIX: Readonly<Record<ApiKeyKind, string>> = { secret: "sk", publishable: "pk" };
const BODY_BYTES = 32;
const BODY_WIDTH = 43;
const CHECKSUM_WIDTH = 6;
const FORM = /^(?:sk|pk)_(?:live|test)_[0-9A-Za-z]{49}$/;

function checksum(text: string): string {
  const crc = crc32(utf8(text));
  return toBase62(new Uint8Array([crc >>> 24, (crc >>> 16) & 0xff, (crc >>> 8) & 0xff, crc & 0xff]), CHECKSUM_WIDTH);
}

/** A new key string with 256 random bits. Shown once, kept nowhere. */
export function newApiKey(kind: ApiKeyKind, environment: ApiKeyEnvironment, random: RandomBytes): ApiKeyString {
  const body = `${apiKeyPrefix(kind, environment)}${toBase62(random(BODY_BYTES), BODY_WIDTH)}`;
  return `${body}${checksum(body)}` as ApiKeyString;
}

/** `text` as a key string when prefix, length, alphabet and checksum are right, else null. */
export function parseApiKey(text: string): ApiKeyString | null {
  if (!FORM.test(text)) return null;
  const body = text.slice(0, -CHECKSUM_WIDTH);
  return checksum(body) === text.slice(-CHECKSUM_WIDTH) ? (text as ApiKeyString) : null;
}

/** The name under which a key's record is stored: base64url of SHA-256 over the whole string. */
export function hashApiKey(key: ApiKeyString): Promise<string> {
  return sha256Base64url(key);
}

/** What every key of `kind` in `environment` begins with. */
export function apiKeyPrefix(kind: ApiKeyKind, environment: ApiKeyEnvironment): string {
  return `${PREFIX[kind]}_${environment}_`;
}

/** The characters of a key that may be shown: enough to recognise it in a list, too few to help a guess. */
export function lastFour(key: ApiKeyString): string {
  return key.slice(-4);
}

/** Why a record that was found does not open the gate at `nowMs`; null when it does. */
export function apiKeyFault(record: ApiKeyRecord, nowMs: number): "disabled" | "expired" | null {
  if (record.disabled) return "disabled";
  if (record.expiresAtMs !== null && record.expiresAtMs <= nowMs) return "expired";
  if (record.secretExpiresAtMs !== null && record.secretExpiresAtMs <= nowMs) return "expired";
  return null;
}
