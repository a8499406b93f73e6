import type { AdminAct, AdminChangeEvent, AuditEvent, AuditKind, AuditOutcome } from "../protocol/audit_event.ts";
import type { ApiKeyRegistry } from "./api_keys.ts";
import type { ClientRegistry } from "./clients.ts";
import type { Defer } from "./edge_feed.ts";
import type { RelationStore } from "./relations.ts";
import type { RoleRegistry } from "./roles.ts";
import type { UserDirectory } from "./users.ts";

/** Where events go on their way to the record. */
export interface AuditTrail {
  /** Takes `event` behind the answer. What cannot be handed on is written to the log whole. */
  note(event: AuditEvent, defer: Defer): void;
  /** Takes `event` now. True once it is safe; false where nobody knows whether it was taken. Never throws. */
  insist(event: AuditEvent): Promise<boolean>;
}

/** A message of the trail that is no event which this version can read. */
export interface DeadLetter {
  /** The queue's name of the message. */
  readonly messageId: string;
  /** When it was found, in Unix milliseconds. */
  readonly foundAtMs: number;
  /** The message as JSON, cut where it is huge. */
  readonly body: string;
}

/** Where the trail ends. Throws `Outage`. */
export interface AuditStore {
  /** Keeps all of it or nothing, each event and each message once however often it comes. */
  keep(events: readonly AuditEvent[], letters: readonly DeadLetter[]): Promise<void>;
}

/** Which events a list is to hold; absent members ask for nothing. */
export interface AuditFilter {
  /** From this moment on, in Unix milliseconds. */
  readonly fromMs?: number | undefined;
  /** Before this moment. */
  readonly untilMs?: number | undefined;
  readonly kind?: AuditKind | undefined;
  readonly actor?: string | undefined;
  readonly client?: string | undefined;
  readonly credential?: string | undefined;
  readonly route?: string | undefined;
  readonly outcome?: AuditOutcome | undefined;
  readonly requestId?: string | undefined;
  readonly target?: string | undefined;
}

export interface AuditRecord {
  readonly seq: number;
  readonly event: AuditEvent;
}

export interface DeadLetterRecord extends DeadLetter {
  readonly seq: number;
}

/** A place in a list of records: the last one already seen. */
export interface AuditPosition {
  readonly atMs: number;
  readonly seq: number;
}

/** What came of reading some dead letters again. */
export interface Replayed {
  /** Those that were looked at. */
  readonly read: number;
  /** Those of them that are events now. */
  readonly replayed: number;
  /** The last one that was looked at; 0 for none. */
  readonly lastSeq: number;
}

/** The trail as operators read it. Throws `Outage`. */
export interface AuditRecords {
  /** Up to `limit` events, the newest first, behind `after`. What is added meanwhile shifts nothing. */
  list(limit: number, after: AuditPosition | null, filter: AuditFilter): Promise<readonly AuditRecord[]>;
  /** The same of messages that could not be read. */
  deadLetters(limit: number, after: AuditPosition | null): Promise<readonly DeadLetterRecord[]>;
  /** Reads dead letters again, up to `limit` of them, the oldest first behind `afterSeq`: those that can be read now become events. */
  replay(limit: number, afterSeq: number): Promise<Replayed>;
}

/** How operators' acts are recorded. */
export interface ActTrail {
  /** Who vouches for operators. */
  readonly issuer: string;
  /** The registries for one act: what is changed through them is recorded in the transaction of the change. */
  registries(act: AdminAct): {
    readonly clients: ClientRegistry;
    readonly keys: ApiKeyRegistry;
    readonly users: UserDirectory;
    readonly relations: RelationStore;
    readonly roles: RoleRegistry;
  };
  /** Records what no such transaction tells. Never throws: an act that ends access waits for no record. */
  record(event: AdminChangeEvent): Promise<void>;
}
