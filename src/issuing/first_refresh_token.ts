import { sha256Base64url, toBase64url } from "../kernel/bytes.ts";
import type { GrantId, UserId } from "../protocol/ids.ts";
import { formatOpaqueToken } from "../protocol/opaque_token.ts";
import type { Issuer } from "./issuer.ts";

const SECRET_BYTES = 32;

/** A refresh token before its grant gives it. */
export interface NewRefreshToken {
  readonly token: string;
  /** What the account keeps of it. */
  readonly hash: string;
}

/** The first refresh token of a grant: random, where every later one follows from the one before. */
export async function firstRefreshToken(
  user: UserId,
  grant: GrantId,
  { random, secrets }: Pick<Issuer, "random" | "secrets">,
): Promise<NewRefreshToken> {
  const secret = toBase64url(random(SECRET_BYTES));
  const [sealed, hash] = await Promise.all([secrets.seal({ user, grant }, "refresh"), sha256Base64url(secret)]);
  return { token: formatOpaqueToken("spr_", sealed, secret), hash };
}
