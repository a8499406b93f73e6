/** The parameters of a `Bearer` challenge, in the order in which they are written. */
export interface BearerChallenge {
  /** Where a client learns how to get a token (RFC 9728 §5.1). */
  readonly resourceMetadata?: string;
  /** RFC 6750 §3.1; absent when no credential was presented. */
  readonly error?: "invalid_token" | "insufficient_scope" | "invalid_request";
  readonly errorDescription?: string;
  /** The scopes that the route demands (RFC 6750 §3). */
  readonly scope?: string;
}

/** The `WWW-Authenticate` value of `challenge`. Values are ours, without quotes or backslashes. */
export function bearerChallenge({ resourceMetadata, error, errorDescription, scope }: BearerChallenge): string {
  const parameters = [
    ["error", error],
    ["error_description", errorDescription],
    ["scope", scope],
    ["resource_metadata", resourceMetadata],
  ];
  const written = parameters.filter(([, value]) => value !== undefined).map(([name, value]) => `${name}="${value}"`);
  return written.length === 0 ? "Bearer" : `Bearer ${written.join(", ")}`;
}
