import type { ClientId, GrantId, UserId } from "../protocol/ids.ts";

/** What the token endpoint came to know on its way: for the log alone, also when it ends early. */
export interface TokenTrace {
  clientId: ClientId | null;
  userId: UserId | null;
  grantId: GrantId | null;
  /** What a refusal ended: a code or refresh token that came back. */
  ended: "nothing" | "grant" | "user";
  /** Whether the answer repeats one that was given a moment ago. */
  retried: boolean;
}

/** A trace of a request of which nothing is known yet. */
export function newTokenTrace(): TokenTrace {
  return { clientId: null, userId: null, grantId: null, ended: "nothing", retried: false };
}
