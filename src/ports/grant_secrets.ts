import type { GrantId, UserId } from "../protocol/ids.ts";

/** Where a code, refresh token or session leads. */
export interface Locator {
  readonly user: UserId;
  /** The grant, or for a session null. */
  readonly grant: GrantId | null;
}

/** What the visible part of an opaque token is for: one sealed for one purpose opens for no other. */
export type LocatorPurpose = "code" | "refresh" | "session";

/** The issuer's secrets behind opaque tokens: sealed locators and derived successors. */
export interface GrantSecrets {
  /** `locator` sealed, differently each time, so that two clients cannot tell that they serve the same user. base64url. */
  seal(locator: Locator, purpose: LocatorPurpose): Promise<string>;
  /** What `seal` sealed, or null for anything else. */
  open(sealed: string, purpose: LocatorPurpose): Promise<Locator | null>;
  /** The secret that follows `presented` in its grant: the same for the same input, and unguessable without the key. base64url of 32 bytes. */
  successorOf(grant: GrantId, presented: string): Promise<string>;
  /** A keyed digest of `text` for `purpose`: names lockout counters without telling whom they count, and CSRF tokens. base64url. */
  digest(purpose: string, text: string): Promise<string>;
}
