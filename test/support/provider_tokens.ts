import type { TokenShapeName } from "../../src/protocol/token_shape.ts";

type Json = Readonly<Record<string, unknown>>;

/** What one provider signs: for an API, for a client's own account, and for a client that wants to know who signed in. */
export interface ProviderTokens {
  readonly shape: TokenShapeName;
  readonly issuer: string;
  /** What tokens for the API name as their audience. */
  readonly audience: string;
  /** What the header has beside `alg` and `kid`. */
  readonly header: Json;
  readonly user: Json;
  readonly client: Json;
  /** An ID token whose audience happens to be configured as that of the API: the worst case. */
  readonly idToken: Json;
  readonly idTokenHeader: Json;
  /** Who the user is to us. */
  readonly expected: {
    readonly sub: string;
    readonly client_id: string;
    readonly scope: string;
    readonly roles: readonly string[];
  };
}

const times = { iat: 1_800_000_000, exp: 1_800_000_600 };

/** Tokens as the providers' own documentation shows them, at the year 2027. */
export const PROVIDERS: readonly ProviderTokens[] = [
  {
    shape: "at+jwt",
    issuer: "https://as.example",
    audience: "https://api.test/",
    header: { typ: "at+jwt" },
    user: {
      ...times,
      sub: "u1",
      client_id: "web",
      aud: "https://api.test/",
      jti: "j1",
      scope: "a b",
      roles: ["clerk"],
    },
    client: { ...times, sub: "batch", client_id: "batch", aud: ["https://api.test/"], jti: "j2", scope: "a" },
    idToken: { ...times, sub: "u1", azp: "web", client_id: "web", aud: "https://api.test/", jti: "j3", nonce: "n" },
    idTokenHeader: { typ: "JWT" },
    expected: { sub: "u1", client_id: "web", scope: "a b", roles: ["clerk"] },
  },
  {
    shape: "auth0",
    issuer: "https://my-domain.auth0.example/",
    audience: "https://api.test/",
    header: { typ: "JWT" },
    user: {
      ...times,
      sub: "auth0|123456",
      aud: ["https://api.test/", "https://my-domain.auth0.example/userinfo"],
      azp: "web",
      scope: "openid read:patients",
      permissions: ["read:patients"],
    },
    client: { ...times, sub: "batch@clients", azp: "batch", aud: "https://api.test/", gty: "client-credentials" },
    idToken: { ...times, sub: "auth0|123456", aud: "https://api.test/", azp: "https://api.test/", name: "Ada" },
    idTokenHeader: { typ: "JWT" },
    expected: { sub: "auth0|123456", client_id: "web", scope: "openid read:patients", roles: [] },
  },
  {
    shape: "entra",
    issuer: "https://login.entra.example/8a7c/v2.0",
    audience: "1f2e3d",
    header: { typ: "JWT", x5t: "nOo3ZDrODXEK1jKWhXslHR_KXEg" },
    user: {
      ...times,
      nbf: times.iat,
      aud: "1f2e3d",
      azp: "web",
      azpacr: "0",
      oid: "0000-1",
      tid: "8a7c",
      sub: "pairwise",
      scp: "Orders.Read",
      roles: ["Clerk"],
      uti: "abc",
      ver: "2.0",
    },
    client: { ...times, aud: "1f2e3d", azp: "batch", oid: "0000-2", sub: "0000-2", roles: ["Orders.All"], ver: "2.0" },
    idToken: { ...times, aud: "1f2e3d", sub: "pairwise", oid: "0000-1", tid: "8a7c", roles: ["Clerk"], ver: "2.0" },
    idTokenHeader: { typ: "JWT" },
    expected: { sub: "pairwise", client_id: "web", scope: "Orders.Read", roles: ["Clerk"] },
  },
  {
    shape: "okta",
    issuer: "https://dev-1.okta.example/oauth2/default",
    audience: "api://default",
    header: {},
    user: {
      ...times,
      ver: 1,
      jti: "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
      aud: "api://default",
      cid: "web",
      uid: "00u1",
      sub: "ada@example.com",
      scp: ["openid", "orders"],
    },
    client: { ...times, ver: 1, jti: "AT.x", aud: "api://default", cid: "batch", sub: "batch", scp: ["orders"] },
    idToken: {
      ...times,
      ver: 1,
      jti: "ID.x",
      aud: "api://default",
      sub: "00u1",
      cid: "web",
      uid: "00u1",
      at_hash: "h",
    },
    idTokenHeader: {},
    expected: { sub: "00u1", client_id: "web", scope: "openid orders", roles: [] },
  },
  {
    shape: "cognito",
    issuer: "https://cognito-idp.example/eu-west-1_1",
    audience: "1example23",
    header: {},
    user: {
      ...times,
      sub: "aaaa-bbbb",
      client_id: "1example23",
      token_use: "access",
      "cognito:groups": ["clerks"],
      scope: "phone orders/read",
      jti: "j1",
      username: "ada",
      version: 2,
    },
    client: { ...times, sub: "1example23", client_id: "1example23", token_use: "access", scope: "orders/read" },
    idToken: { ...times, sub: "aaaa-bbbb", aud: "1example23", client_id: "1example23", token_use: "id", jti: "j2" },
    idTokenHeader: {},
    expected: { sub: "aaaa-bbbb", client_id: "1example23", scope: "phone orders/read", roles: ["clerks"] },
  },
  {
    shape: "keycloak",
    issuer: "https://keycloak.example/realms/main",
    audience: "orders-api",
    header: { typ: "JWT" },
    user: {
      ...times,
      jti: "trrtcc:1",
      typ: "Bearer",
      azp: "web",
      aud: ["orders-api", "account"],
      sub: "f:1",
      sid: "s",
      scope: "openid profile",
      realm_access: { roles: ["clerk"] },
      resource_access: { "orders-api": { roles: ["approver"] } },
    },
    client: {
      ...times,
      jti: "trrtcc:2",
      typ: "Bearer",
      azp: "batch",
      client_id: "batch",
      aud: "orders-api",
      sub: "batch",
      scope: "profile",
    },
    idToken: { ...times, jti: "1", typ: "ID", azp: "orders-api", aud: "orders-api", sub: "f:1", at_hash: "h" },
    idTokenHeader: { typ: "JWT" },
    expected: { sub: "f:1", client_id: "web", scope: "openid profile", roles: ["clerk"] },
  },
  {
    shape: "generic-jwt",
    issuer: "https://other.example",
    audience: "orders",
    header: { typ: "JWT" },
    user: { ...times, sub: "u1", azp: "web", aud: "orders", scp: ["a", "b"], roles: ["clerk"] },
    client: { ...times, sub: "batch", client_id: "batch", aud: "orders", scope: "a" },
    idToken: { ...times, sub: "u1", azp: "orders", aud: "orders" },
    idTokenHeader: { typ: "JWT" },
    expected: { sub: "u1", client_id: "web", scope: "a b", roles: ["clerk"] },
  },
];
