import type { SignatureAlgorithm } from "./jws.ts";

/** The metadata of a client through which people act (RFC 7591 §2, OpenID Connect Registration §2). */
export interface PersonFacing {
  readonly applicationType: "web" | "native";
  /** Compared as strings; a native client's loopback address may differ in its port (RFC 8252 §7.3). */
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly backchannelLogoutUri: string | null;
  readonly subjectType: "public" | "pairwise";
  /** The sector of pairwise subjects; null for public ones. */
  readonly sector: string | null;
  readonly idTokenAlgorithm: SignatureAlgorithm;
  /** Whether it may use `/auth/*`, where it sees the password (RFC 9700 §2.4). */
  readonly firstParty: boolean;
  /** False only for a confidential client that sends `nonce` instead (RFC 9700 §2.1.1). */
  readonly requirePkce: boolean;
  /** Its home page, as its operator states it. */
  readonly clientUri: string | null;
}

/** A client that no person ever meets. */
export const NO_PEOPLE: PersonFacing = {
  applicationType: "web",
  redirectUris: [],
  postLogoutRedirectUris: [],
  backchannelLogoutUri: null,
  subjectType: "public",
  sector: null,
  idTokenAlgorithm: "RS256",
  firstParty: false,
  requirePkce: true,
  clientUri: null,
};
