import { Outage } from "../kernel/outage.ts";
import { RefusedKeys } from "../limits/refused_keys.ts";
import type { ClientRecord } from "../ports/clients.ts";
import { isPublicClient } from "../protocol/authorize/authorizing_client.ts";
import type { ClientId } from "../protocol/ids.ts";
import { type OAuthError, tooManyRequests } from "../protocol/oauth_error.ts";
import { type AddressCounting, addressKeys } from "./guess_budgets.ts";

/** What is told of failures, for operators. `address` is the unit that is counted (/32, /64). */
export type FailureNotice =
  | {
      readonly kind: "guessing_refused";
      readonly address: string;
      readonly clientId: ClientId | null;
      readonly retryAfterSeconds: number;
    }
  | { readonly kind: "failure_not_counted"; readonly address: string; readonly clientId: ClientId | null };

export interface FailureParts extends AddressCounting {
  readonly notice: (notice: FailureNotice) => void;
}

/** Refusals of tokens that were never issued. Whoever was once given a token meets none of them, however old it is. */
const NEVER_ISSUED: ReadonlySet<string> = new Set([
  "code_malformed",
  "code_unknown",
  "refresh_malformed",
  "refresh_unknown",
  "device_code_malformed",
  "device_code_unknown",
]);

/**
 * Failed proofs of clients, counted by the caller's address and the client that it claims to be: who guesses secrets is answered 429, and
 * the client itself, which is elsewhere, notices nothing. Asked after a failure alone: a client that proves itself costs no
 * call. Ids that no client has share one count per address, or making ids up would make objects; that an id is in use is no
 * secret (RFC 6749 §2.2), the authorization endpoint tells it.
 *
 * A pair that is over its budget is remembered here until the budget says otherwise, and its further failures cost no call. Another
 * isolate learns of the pair by its next failure there. A confidential client that proves itself passes all the same: a
 * stranger who shares its address (the servers of a platform may all have one) cannot keep it out.
 *
 * Where the count cannot be asked, a failure is told uncounted: it is a refusal as it stands, and nobody is let in by it.
 */
export class ClientFailures {
  readonly #parts: FailureParts;
  readonly #refused = new RefusedKeys();

  constructor(parts: FailureParts) {
    this.#parts = parts;
  }

  /** What `client` (null: an id that no client has) is told where it comes from `address` and proves nothing, or null. */
  standing(client: ClientId | null, address: string, nowMs: number): OAuthError | null {
    const waitSeconds = this.#refused.waitSeconds(pair(client, address), nowMs);
    return waitSeconds === 0 ? null : tooManyFailures(waitSeconds);
  }

  /** Counts a failed proof, and answers what the caller is told: `failure`, or that it tried too often. */
  async ofProof(client: ClientId | null, address: string, failure: OAuthError, nowMs: number): Promise<OAuthError> {
    return (await this.#count(client, address, true, nowMs)) ?? failure;
  }

  /**
   * Counts a token that was never issued, presented by a client whose proof held; any other failure is told as it is. A public client,
   * which anybody can be, is refused unseen from then on, at that address. One that proved itself never is: strangers can
   * make a client's server present what they like (a made-up code at its redirect URI), and must not keep it out.
   */
  async ofToken(client: ClientRecord, address: string, failure: OAuthError, nowMs: number): Promise<OAuthError> {
    if (!NEVER_ISSUED.has(failure.reason)) return failure;
    return (await this.#count(client.id, address, isPublicClient(client), nowMs)) ?? failure;
  }

  async #count(
    clientId: ClientId | null,
    address: string,
    remember: boolean,
    nowMs: number,
  ): Promise<OAuthError | null> {
    const { guesses, secrets, notice } = this.#parts;
    const key = pair(clientId, address);
    try {
      const digest = (text: string) => secrets.digest("client_failures", pair(clientId, text));
      const counted = await addressKeys({ address }, digest);
      const wait = await guesses.take("client_failures", counted.key, nowMs, counted.networks);
      if (wait === null) return null;
      const { retryAfterSeconds } = wait;
      if (remember) this.#refused.refuse(key, retryAfterSeconds, nowMs);
      notice({ kind: "guessing_refused", address, clientId, retryAfterSeconds });
      return tooManyFailures(retryAfterSeconds);
    } catch (fault) {
      if (!(fault instanceof Outage)) throw fault;
      notice({ kind: "failure_not_counted", address, clientId });
      return null;
    }
  }
}

function pair(clientId: ClientId | null, address: string): string {
  return `${clientId ?? "unknown"} ${address}`;
}

function tooManyFailures(retryAfterSeconds: number): OAuthError {
  return tooManyRequests("too many failures: wait", "client_failures", retryAfterSeconds);
}
