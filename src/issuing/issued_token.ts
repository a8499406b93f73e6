/** A token response (RFC 6749 §5.1), with what the log is told about it. */
export interface IssuedToken {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly scopes: readonly string[];
  readonly clientId: string;
  readonly tokenId: string;
}
