import { err, ok, type Result } from "../kernel/result.ts";
import { isJsonObject } from "../kernel/strict_json.ts";

/** What is wrong with one member of a body. `reason` completes "the field ..." and never quotes a value. */
export interface FieldFault {
  readonly field: string;
  readonly reason: string;
}

/** Who calls, as the body says; nothing is proven. */
export interface ClientClaim {
  readonly clientId: string;
  /** Null where the body has none: a public client, or one that authenticates in the header. */
  readonly clientSecret: string | null;
}

/** A body of `/auth/register` and `/auth/login`. */
export interface PasswordRequest {
  readonly client: ClientClaim;
  readonly email: string;
  readonly password: string;
  /** The proof that a person is there, where one was asked for. */
  readonly captchaToken: string | undefined;
}

/** A body of `/auth/refresh` and `/auth/logout`. */
export interface RefreshTokenRequest {
  readonly client: ClientClaim;
  readonly refreshToken: string;
}

/** More than anybody reads; a body of wrong members must not become an answer many times its size. */
const MOST_FAULTS = 20;
const LONGEST_NAME = 100;

/** `body` as email address and password, or the members that are wrong. What they are worth is not asked here. */
export function parsePasswordRequest(body: unknown): Result<PasswordRequest, readonly FieldFault[]> {
  const texts = readTexts(body, ["client_id", "email", "password"], ["captcha_token"]);
  if (!texts.ok) return texts;
  const { client, text } = texts.value;
  return ok({
    client,
    email: text("email"),
    password: text("password"),
    captchaToken: text("captcha_token") || undefined,
  });
}

/** `body` as a refresh token, or the members that are wrong. */
export function parseRefreshTokenRequest(body: unknown): Result<RefreshTokenRequest, readonly FieldFault[]> {
  const texts = readTexts(body, ["client_id", "refresh_token"]);
  if (!texts.ok) return texts;
  const { client, text } = texts.value;
  return ok({ client, refreshToken: text("refresh_token") });
}

/**
 * Every member of `body` is one of `required`, `optional` or `client_secret`, and text that is not empty. A map, not the object itself: a member may
 * be called `__proto__`.
 */
function readTexts(
  body: unknown,
  required: readonly string[],
  optional: readonly string[] = [],
): Result<{ readonly client: ClientClaim; readonly text: (name: string) => string }, readonly FieldFault[]> {
  if (!isJsonObject(body)) return err([{ field: "body", reason: "must be an object" }]);
  const members = new Map(Object.entries(body));
  const known = new Set([...required, ...optional, "client_secret"]);
  const missing = required.filter((name) => !members.has(name));
  const faults = [
    ...missing.map((field) => ({ field, reason: "is required" })),
    ...[...members].flatMap(([name, value]) => memberFault(name, value, known)),
  ];
  if (faults.length > 0) return err(faults.slice(0, MOST_FAULTS));
  const text = (name: string) => String(members.get(name) ?? "");
  const clientSecret = members.has("client_secret") ? text("client_secret") : null;
  return ok({ client: { clientId: text("client_id"), clientSecret }, text });
}

function memberFault(name: string, value: unknown, known: ReadonlySet<string>): readonly FieldFault[] {
  const field = name.slice(0, LONGEST_NAME);
  if (!known.has(name)) return [{ field, reason: "is not known here" }];
  if (typeof value !== "string") return [{ field, reason: "must be a string" }];
  return value === "" ? [{ field, reason: "must not be empty" }] : [];
}
