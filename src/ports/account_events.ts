import type { GrantRefusal } from "../protocol/grant_requests.ts";
import type { ClientId, GrantId, UserId } from "../protocol/ids.ts";
import type { EndReason } from "./accounts.ts";

/**
 * What happened to an account and others have to hear of: the operator's record, the user's mail. Written in the transaction
 * that did it and delivered at least once: `id` tells a repetition.
 */
export type AccountEvent =
  | {
      readonly kind: "everything_ended";
      readonly id: string;
      readonly userId: UserId;
      readonly reason: EndReason;
      /** The epoch that began with it: whatever was agreed under a lower one is over. */
      readonly epoch: number;
      /** The grant whose reuse ended everything; null for other reasons. */
      readonly grantId: GrantId | null;
      readonly clientId: ClientId | null;
      readonly atMs: number;
    }
  | {
      /** One grant ended because something was presented that looks like theft. */
      readonly kind: "grant_ended";
      readonly id: string;
      readonly userId: UserId;
      readonly reason: GrantRefusal;
      readonly grantId: GrantId;
      readonly clientId: ClientId;
      readonly atMs: number;
    };

/** Where an account's events go. */
export interface AccountEvents {
  /** Resolves once `events` are kept elsewhere. May be called again with the same ones. Throws `Outage`. */
  notify(events: readonly AccountEvent[]): Promise<void>;
}
