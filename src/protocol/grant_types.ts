/** Grants that exist here (RFC 7591 §2 `grant_types`). There is no implicit and no password grant (RFC 9700 §2.1.2, §2.4). */
export const GRANT_TYPES = [
  "client_credentials",
  "authorization_code",
  "refresh_token",
  "urn:ietf:params:oauth:grant-type:device_code",
] as const;
export type GrantType = (typeof GRANT_TYPES)[number];

/** The device grant (RFC 8628 §3.4). */
export const DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code" satisfies GrantType;
