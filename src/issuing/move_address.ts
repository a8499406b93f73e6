import { toBase64url } from "../kernel/bytes.ts";
import type { AddressChange } from "../ports/address_changes.ts";
import type { UserRecord } from "../ports/users.ts";
import { normaliseEmail } from "../protocol/email_address.ts";
import type { UserId } from "../protocol/ids.ts";
import type { People } from "./people.ts";

/** The account has another address now. */
export interface AddressMoved {
  readonly kind: "moved";
  readonly user: UserRecord;
  /** Of the security event. */
  readonly eventId: string;
}

/** What is told and kept of a change, for the user as it was. */
export type AddressNews = Pick<AddressChange, "mails" | "undo" | "outdoesUnconfirmed">;

/** Why a change of address happens. */
const REASONS = { change_email: "confirmed", undo_email_change: "undone" } as const;

/** How often a change is tried again that somebody else's came between. */
const TRIES = 3;

/**
 * Gives a user the address `email`, which they prove to be theirs by `link`, and `also` what else changes; on what somebody else made of
 * them meanwhile too. The link is spent in the transaction of the change. Whether the address is free is for its unique index to say, in the very transaction. Throws `Outage`.
 */
export async function moveAddress(
  id: UserId,
  { email, ...also }: Pick<UserRecord, "email"> & Partial<Pick<UserRecord, "passwordHash">>,
  link: AddressChange["link"],
  news: (before: UserRecord) => AddressNews,
  people: Pick<People, "users" | "addresses" | "random">,
  nowMs: number,
): Promise<AddressMoved | { readonly kind: "link_dead" | "email_taken" }> {
  const normalisedEmail = normaliseEmail(email) ?? email;
  for (let tries = 0; tries < TRIES; tries++) {
    const before = await people.users.find(id);
    if (before === null) return { kind: "link_dead" };
    const change = { ...also, email, emailVerified: true, version: before.version + 1, updatedAtMs: nowMs };
    const after: UserRecord = { ...before, ...change };
    const eventId = toBase64url(people.random(16));
    const event = {
      id: eventId,
      userId: id,
      kind: "email_changed",
      reason: REASONS[link.purpose],
      grantId: null,
      clientId: null,
      atMs: nowMs,
    } as const;
    const whole = { before, after, normalisedEmail, link, event, ...news(before) };
    const outcome = await people.addresses.commit(whole, nowMs);
    if (outcome === "changed") return { kind: "moved", user: after, eventId };
    if (outcome !== "conflict") return { kind: outcome };
  }
  throw new Error("an address could not be changed: others kept changing the user");
}
