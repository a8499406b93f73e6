import { err, ok, type Result } from "../kernel/result.ts";
import type { GrantOutcome, RolesWanted } from "../ports/accounts.ts";
import type { UserRecord } from "../ports/users.ts";
import { type Holdings, holdingsOf } from "../protocol/holdings.ts";
import type { GrantId, UserId } from "../protocol/ids.ts";
import { type OAuthError, oauthError } from "../protocol/oauth_error.ts";
import { type OpaquePrefix, parseOpaqueToken } from "../protocol/opaque_token.ts";
import type { KnownHoldings } from "../protocol/roles_copy.ts";
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

type Granted = Extract<GrantOutcome, { kind: "granted" }>;

/**
 * Spends a secret of `user` by `spend`, which puts it to the account. Where the account has no copy of the user's roles it has
 * spent nothing, and the directory is asked: an outage there costs nobody a code or a refresh token. Throws `Outage`.
 */
export async function spendSecret(
  user: UserId,
  spend: (holdings: KnownHoldings) => Promise<GrantOutcome | RolesWanted>,
  issuer: Issuer,
  trace: TokenTrace,
): Promise<Result<Granted, OAuthError>> {
  const first = await spend(null);
  if (first.kind !== "roles_wanted") return judged(first, issuer, trace);
  const holdings = await currentHoldings(user, issuer);
  if (!holdings.ok) return holdings;
  const second = await spend(holdings.value);
  if (second.kind === "roles_wanted") throw new Error("an account asked for roles that it was given");
  return judged(second, issuer, trace);
}

/** The user's roles and attributes as the directory has them now, unless nothing is minted for the user. Throws `Outage`. */
export async function currentHoldings(
  id: UserId,
  { users }: Pick<Issuer, "users">,
): Promise<Result<Holdings, OAuthError>> {
  const user = await users.find(id);
  const gone = absence(user);
  return user === null || gone !== null ? err(invalidGrant(gone ?? "user_gone")) : ok(holdingsOf(user));
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

/** What the account answered. What a refusal ended is told to the feed already: this isolate is to see it at once. */
function judged(outcome: GrantOutcome, issuer: Issuer, trace: TokenTrace): Result<Granted, OAuthError> {
  if (outcome.kind === "granted") return ok(outcome);
  trace.ended = outcome.ended;
  if (outcome.ended !== "nothing") issuer.revocations.expire();
  return err(invalidGrant(outcome.reason));
}
