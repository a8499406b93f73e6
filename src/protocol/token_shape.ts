import { ACCESS_TOKEN_TYPE } from "./access_token.ts";

/**
 * What access tokens of other issuers look like, by name: `at+jwt` is the standard (RFC 9068), the others are what their
 * providers document instead. Each owns the marks by which an access token is told from an ID token, which is never taken
 * for one.
 */
export const TOKEN_SHAPES = ["at+jwt", "auth0", "cognito", "entra", "generic-jwt", "keycloak", "okta"] as const;
export type TokenShapeName = (typeof TOKEN_SHAPES)[number];

type Payload = Readonly<Record<string, unknown>>;

export interface TokenShape {
  /** What the header's `typ` may be, in lower case; "" where it may be absent. */
  readonly types: readonly string[];
  /** Header members beyond `alg`, `kid` and `typ` that the provider sends, and that are ignored (RFC 7515 §4). */
  readonly ignoredHeaderMembers: readonly string[];
  /** Claims that name the subject, the first that is there. */
  readonly subject: readonly string[];
  /** Claims that name the client, the first that is there; two that differ are refused. */
  readonly clientId: readonly string[];
  readonly tokenId: readonly string[];
  readonly isTokenIdRequired: boolean;
  /** JSON pointers; all of them together. */
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** Whether a missing `aud` is the client: such tokens are for the API of whoever runs the client. */
  readonly isClientTheAudience: boolean;
  /** Whether it bears the marks of an access token, and none of an ID token. */
  readonly isAccessToken: (payload: Payload, clientId: string, audience: readonly string[]) => boolean;
  /** Whether the client speaks for itself, where that does not show in a subject that equals the client. */
  readonly isOfClient: (payload: Payload, subject: string, clientId: string) => boolean;
}

const STANDARD: TokenShape = {
  types: [ACCESS_TOKEN_TYPE],
  ignoredHeaderMembers: [],
  subject: ["sub"],
  clientId: ["client_id"],
  tokenId: ["jti"],
  isTokenIdRequired: true,
  scopes: ["/scope"],
  roles: ["/roles"],
  isClientTheAudience: false,
  // The type says it: no other kind of token has it (RFC 9068 §2.1).
  isAccessToken: () => true,
  isOfClient: () => false,
};

/** A JWT that does not say what it is: whatever an ID token bears rules it out. */
const UNTYPED: TokenShape = {
  ...STANDARD,
  types: ["jwt", ""],
  clientId: ["client_id", "azp"],
  isTokenIdRequired: false,
  scopes: ["/scope", "/scp"],
  isAccessToken: lacksMarksOfIdToken,
};

export const SHAPES: Readonly<Record<TokenShapeName, TokenShape>> = {
  "at+jwt": STANDARD,
  /** Auth0's own profile (docs: "Access Token Profiles"): `azp`, no `jti`; a client's own subject is `<client>@clients`. */
  auth0: {
    ...UNTYPED,
    types: ["jwt"],
    clientId: ["azp"],
    scopes: ["/scope"],
    roles: [],
    isOfClient: (_, subject, clientId) => subject === `${clientId}@clients`,
  },
  /** Amazon Cognito ("Understanding the access token"): `token_use`, groups, and an audience only where one was asked for. */
  cognito: {
    ...UNTYPED,
    clientId: ["client_id"],
    scopes: ["/scope"],
    roles: ["/cognito:groups"],
    isClientTheAudience: true,
    isAccessToken: ({ token_use }) => token_use === "access",
  },
  /**
   * Microsoft Entra ID ("Access token claims reference"), versions 1.0 and 2.0: the client is `appid` or `azp`, a token of
   * an application has `roles` and no `scp`. Its subject is that of a service principal; the client stands for it.
   */
  entra: {
    ...UNTYPED,
    types: ["jwt"],
    ignoredHeaderMembers: ["x5t"],
    clientId: ["azp", "appid"],
    tokenId: ["uti"],
    scopes: ["/scp"],
    isAccessToken: (payload, clientId, audience) => {
      const { ver, azp, appid, scp, roles } = payload;
      const isOfVersion = ver === "2.0" ? azp !== undefined : ver === "1.0" && appid !== undefined;
      return isOfVersion && (scp ?? roles) !== undefined && lacksMarksOfIdToken(payload, clientId, audience);
    },
    isOfClient: ({ idtyp, scp }) => (idtyp === undefined ? scp === undefined : idtyp === "app"),
  },
  "generic-jwt": UNTYPED,
  /** Keycloak: the payload's own `typ` is `Bearer`, `ID`, `Refresh`, `Offline`, `Logout` or `DPoP`. */
  keycloak: {
    ...UNTYPED,
    types: ["jwt", ACCESS_TOKEN_TYPE],
    clientId: ["azp"],
    isTokenIdRequired: true,
    scopes: ["/scope"],
    roles: ["/realm_access/roles"],
    isAccessToken: ({ typ, at_hash }) => typ === "Bearer" && at_hash === undefined,
  },
  /**
   * Okta's custom authorization servers: ids of access tokens begin with `AT.`. `sub` is a login name, which may pass to
   * somebody else; `uid` is the user. Clients have no `uid`, and are their own subject.
   */
  okta: {
    ...UNTYPED,
    subject: ["uid", "sub"],
    clientId: ["cid"],
    isTokenIdRequired: true,
    scopes: ["/scp"],
    roles: [],
    isAccessToken: ({ jti, uid, sub, cid }) =>
      typeof jti === "string" && jti.startsWith("AT.") && (uid !== undefined || sub === cid),
  },
};

/**
 * An introspection answer (RFC 7662 §2.2), read like claims. Servers answer for refresh tokens too: one that says so is no
 * access token. `token_type` is that of RFC 6749 §7.1.
 */
export const INTROSPECTED: TokenShape = {
  ...STANDARD,
  types: [],
  subject: ["sub", "client_id"],
  isTokenIdRequired: false,
  isAccessToken: ({ token_type: type = "Bearer", token_use: use = "access", typ = "Bearer" }) =>
    typeof type === "string" &&
    type.toLowerCase() === "bearer" &&
    (use === "access" || use === "access_token") &&
    typ === "Bearer",
};

/** What only ID tokens, logout tokens and refresh tokens carry (OpenID Connect Core §2, Back-Channel Logout §2.4). */
const FOREIGN_MARKS = ["nonce", "at_hash", "c_hash", "s_hash", "events"] as const;

/** An ID token's audience is its client (OpenID Connect Core §2): so no token for its own client is an access token. */
function lacksMarksOfIdToken(payload: Payload, clientId: string, audience: readonly string[]): boolean {
  const { token_use: use, typ, azp } = payload;
  const isOfAnotherUse = (use !== undefined && use !== "access") || (typ !== undefined && typ !== "Bearer");
  const isForItsClient = audience.some((name) => name === clientId || name === azp);
  return !isOfAnotherUse && !isForItsClient && FOREIGN_MARKS.every((mark) => payload[mark] === undefined);
}
