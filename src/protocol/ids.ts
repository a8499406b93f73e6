import type { Brand } from "../kernel/brand.ts";
import { type RandomBytes, toBase62 } from "../kernel/random.ts";

/** Identifiers carry their kind in a prefix, so that a client can never look like a user (RFC 9700 §4.15). */
export type ClientId = Brand<string, "ClientId">;
export type ClientSecretId = Brand<string, "ClientSecretId">;
export type ApiKeyId = Brand<string, "ApiKeyId">;
export type UserId = Brand<string, "UserId">;
export type SessionId = Brand<string, "SessionId">;
export type GrantId = Brand<string, "GrantId">;
export type TransactionId = Brand<string, "TransactionId">;

const RANDOM_BYTES = 16;
const WIDTH = 22;

function mint(prefix: string, random: RandomBytes): string {
  return `${prefix}${toBase62(random(RANDOM_BYTES), WIDTH)}`;
}

function parse(prefix: string, text: string): boolean {
  return text.length === prefix.length + WIDTH && text.startsWith(prefix) && /^[0-9A-Za-z_]+$/.test(text);
}

/** A new client identifier: `cli_` and 128 random bits in base 62. */
export function newClientId(random: RandomBytes): ClientId {
  return mint("cli_", random) as ClientId;
}

/** `text` as a client identifier, or null. */
export function parseClientId(text: string): ClientId | null {
  return parse("cli_", text) ? (text as ClientId) : null;
}

/** A new identifier of one secret of a client: `sec_` and 128 random bits in base 62. */
export function newClientSecretId(random: RandomBytes): ClientSecretId {
  return mint("sec_", random) as ClientSecretId;
}

/** `text` as the identifier of a client's secret, or null. */
export function parseClientSecretId(text: string): ClientSecretId | null {
  return parse("sec_", text) ? (text as ClientSecretId) : null;
}

/** A new API key identifier: `key_` and 128 random bits in base 62. */
export function newApiKeyId(random: RandomBytes): ApiKeyId {
  return mint("key_", random) as ApiKeyId;
}

/** `text` as an API key identifier, or null. */
export function parseApiKeyId(text: string): ApiKeyId | null {
  return parse("key_", text) ? (text as ApiKeyId) : null;
}

/** A new user identifier: `usr_` and 128 random bits in base 62. */
export function newUserId(random: RandomBytes): UserId {
  return mint("usr_", random) as UserId;
}

/** `text` as a user identifier, or null. */
export function parseUserId(text: string): UserId | null {
  return parse("usr_", text) ? (text as UserId) : null;
}

/** A new identifier of a browser session: `ses_` and 128 random bits in base 62. It opens nothing. */
export function newSessionId(random: RandomBytes): SessionId {
  return mint("ses_", random) as SessionId;
}

/** `text` as the identifier of a session, or null. */
export function parseSessionId(text: string): SessionId | null {
  return parse("ses_", text) ? (text as SessionId) : null;
}

/** A new identifier of a grant: `grt_` and 128 random bits in base 62. Access tokens carry it; it opens nothing. */
export function newGrantId(random: RandomBytes): GrantId {
  return mint("grt_", random) as GrantId;
}

/** `text` as the identifier of a grant, or null. */
export function parseGrantId(text: string): GrantId | null {
  return parse("grt_", text) ? (text as GrantId) : null;
}

/** A new identifier of an authorization transaction: `txn_` and 128 random bits. Without its browser's cookie it opens nothing. */
export function newTransactionId(random: RandomBytes): TransactionId {
  return mint("txn_", random) as TransactionId;
}

/** `text` as the identifier of an authorization transaction, or null. */
export function parseTransactionId(text: string): TransactionId | null {
  return parse("txn_", text) ? (text as TransactionId) : null;
}
