/** The parameters of a `Bearer` challenge, in the order in which they are written. */
export interface BearerChallenge {
  /** Where a client learns how to get a token (RFC 9728 §5.1). */
  readonly resourceMetadata?: string;
  /** RFC 6750 §3.1; absent when no credential was presented. */
  readonly error?: "invalid_token" | "insufficient_scope" | "invalid_request" | "insufficient_user_authentication";
  readonly errorDescription?: string;
  /** The scopes that the route demands (RFC 6750 §3). */
  readonly scope?: string;
  /** The authentication context classes of which one is asked for (RFC 9470 §3); none are not written. */
  readonly acrValues?: readonly string[];
  /** How long ago the person may have signed in, in seconds (RFC 9470 §3). */
  readonly maxAgeSeconds?: number | null;
}

/** The `WWW-Authenticate` value of `challenge`. Values are ours, without quotes or backslashes. */
export function bearerChallenge(challenge: BearerChallenge): string {
  const { resourceMetadata, error, errorDescription, scope, acrValues = [], maxAgeSeconds = null } = challenge;
  const parameters = [
    ["error", error],
    ["error_description", errorDescription],
    ["scope", scope],
    ["acr_values", acrValues.length === 0 ? undefined : acrValues.join(" ")],
    ["max_age", maxAgeSeconds ?? undefined],
    ["resource_metadata", resourceMetadata],
  ];
  const written = parameters.filter(([, value]) => value !== undefined).map(([name, value]) => `${name}="${value}"`);
  return written.length === 0 ? "Bearer" : `Bearer ${written.join(", ")}`;
}
