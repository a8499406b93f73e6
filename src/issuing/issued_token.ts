/** A token response (RFC 6749 §5.1), with what the log is told about it. */
export interface IssuedToken {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly scopes: readonly string[];
  readonly clientId: string;
  readonly tokenId: string;
  /** Null where the grant gives none. */
  readonly refreshToken: string | null;
  /** Null where `openid` was not granted (OpenID Connect Core §3.1.3.3). */
  readonly idToken: string | null;
}
