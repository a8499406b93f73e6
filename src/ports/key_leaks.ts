import type { AdminAct } from "../protocol/audit_event.ts";
import type { FeedEntry } from "../protocol/edge_feed.ts";
import type { ApiKeyId } from "../protocol/ids.ts";
import type { ApiKey, ApiKeyLeak } from "./api_keys.ts";
import type { Defer } from "./edge_feed.ts";
import type { MailMessage } from "./mail.ts";
import type { SecurityEvent } from "./operator_records.ts";

/** A message about leaks as it came: its bytes as text, and who is said to have signed them. */
export interface SignedReports {
  readonly body: string;
  readonly keyId: string;
  /** base64 of an ECDSA signature in DER. */
  readonly signature: string;
}

/** Who knows whether reports come from the one they say. Throws `Outage` where that cannot be known now. */
export interface ReportProof {
  isGenuine(reports: SignedReports, nowMs: number, defer: Defer): Promise<boolean>;
}

/** Which of some digests are strings of keys here. */
export interface KnownStrings {
  /** Those that are kept with a key, and whose. */
  readonly kept: ReadonlyMap<string, ApiKeyId>;
  /** Those that were reported before. */
  readonly reported: ReadonlySet<string>;
}

/** A string that was found, of the key whose it is. */
export interface FoundString extends ApiKeyLeak {
  readonly hash: string;
}

/** The end of strings that were found in public. */
export interface LeakEnd {
  readonly before: ApiKey;
  readonly after: ApiKey;
  readonly found: readonly FoundString[];
  readonly entries: readonly FeedEntry[];
  /** For the user whose key it is; null for none. */
  readonly mail: { readonly message: MailMessage; readonly onceKey: string } | null;
  readonly event: SecurityEvent | null;
  /** As what the change of the key is recorded. */
  readonly act: AdminAct;
}

/** What is kept of leaks. Throws `Outage`. */
export interface KeyLeaks {
  known(hashes: readonly string[]): Promise<KnownStrings>;
  /** Ends strings of a key whose stored epoch is still `before.epoch`: key, report, mail, event and record in one transaction. */
  end(end: LeakEnd, nowMs: number): Promise<"changed" | "conflict">;
}
