import type { GrantOutcome } from "../ports/accounts.ts";
import type { UserRecord } from "../ports/users.ts";
import type { GrantId, UserId } from "../protocol/ids.ts";
import { type OAuthError, oauthError } from "../protocol/oauth_error.ts";
import { type OpaquePrefix, parseOpaqueToken } from "../protocol/opaque_token.ts";
import type { Issuer } from "./issuer.ts";
import type { TokenTrace } from "./token_trace.ts";

/** An opaque token that leads to a grant. Nothing says yet that its secret is one of that grant. */
export interface OpenedToken {
  readonly user: UserId;
  readonly grant: GrantId;
  /** The locator as it was sealed. */
  readonly sealed: string;
  readonly secret: string;
}

const PURPOSE = { spc_: "code", spr_: "refresh" } as const;

/** Where `text`, a token of the kind that `prefix` names, leads; null where it leads nowhere. */
export async function openToken(
  text: string,
  prefix: keyof typeof PURPOSE & OpaquePrefix,
  issuer: Issuer,
): Promise<OpenedToken | null> {
  const parsed = parseOpaqueToken(prefix, text);
  const locator = parsed === null ? null : await issuer.secrets.open(parsed.sealed, PURPOSE[prefix]);
  if (parsed === null || locator === null || locator.grant === null) return null;
  return { user: locator.user, grant: locator.grant, sealed: parsed.sealed, secret: parsed.secret };
}

/** Why nothing is minted for `user`, or null. The account knows as well; a word of the directory is enough on its own. */
export function absence(user: UserRecord | null): "user_gone" | "user_disabled" | null {
  if (user === null) return "user_gone";
  return user.disabled ? "user_disabled" : null;
}

/** The one answer to every code and refresh token that gives nothing (RFC 6749 §5.2): why is for the log alone. */
export function invalidGrant(reason: string): OAuthError {
  return oauthError("invalid_grant", "the grant is not valid", reason);
}

/** The answer where the account refused. What it ended is told to the feed already: this isolate is to see it at once. */
export function refusedGrant(
  { reason, ended }: Extract<GrantOutcome, { kind: "refused" }>,
  issuer: Issuer,
  trace: TokenTrace,
): OAuthError {
  trace.ended = ended;
  if (ended !== "nothing") issuer.revocations.expire();
  return invalidGrant(reason);
}
