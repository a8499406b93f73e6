import { isLoopbackHost } from "../kernel/loopback.ts";
import { outboundUrlFault } from "../policy/outbound_url.ts";
import type { ClientNotifier, LogoutNotice, NoticeOutcome } from "../ports/client_notices.ts";
import type { ClientDirectory } from "../ports/clients.ts";
import type { TokenSigner } from "../ports/token_signer.ts";
import { LOGOUT_TOKEN_TYPE, logoutTokenClaims } from "../protocol/logout_token.ts";

/** A client's endpoint has this long to begin its answer. */
const DEADLINE_MS = 5_000;

/** What notices are sent with. */
export interface BackchannelParts {
  readonly issuer: string;
  readonly clients: ClientDirectory;
  /** A signer with no key yet: what it signs with is the ring's active key now, not one that was withdrawn since. */
  readonly signer: () => TokenSigner;
  readonly fetch: (request: Request) => Promise<Response>;
}

/**
 * OpenID Connect Back-Channel Logout §2.5: posts a logout token to the client's own endpoint. The address is looked up and judged at
 * each try: an operator may have changed it. No redirect is followed, and no answer's body is read: a status is all
 * that there is to learn, and a client's server is not to be trusted with our time or memory.
 */
export class BackchannelLogout implements ClientNotifier {
  readonly #parts: BackchannelParts;
  readonly #deadlineMs: number;
  /** Whether the issuer is itself on this machine: then clients may be too. */
  readonly #loopback: boolean;

  constructor(parts: BackchannelParts, deadlineMs = DEADLINE_MS) {
    this.#parts = parts;
    this.#deadlineMs = deadlineMs;
    this.#loopback = isLoopbackHost(new URL(parts.issuer).hostname);
  }

  async notify(notice: LogoutNotice, nowMs: number): Promise<NoticeOutcome> {
    const found = await this.#parts.clients.find(notice.clientId);
    const uri = found?.client.person.backchannelLogoutUri ?? null;
    if (found === null || uri === null) return "done";
    const fault = outboundUrlFault(uri, { loopback: this.#loopback });
    if (fault !== null) {
      log("logout_notice_refused", notice, { reason: fault });
      return "done";
    }
    const token = await this.#sign(notice, found.client.person.idTokenAlgorithm, nowMs);
    return this.#post(uri, token, notice);
  }

  #sign(notice: LogoutNotice, alg: Parameters<TokenSigner["sign"]>[0]["alg"], nowMs: number): Promise<string> {
    const { clientId, subject, sid, id: tokenId } = notice;
    const nowSeconds = Math.floor(nowMs / 1000);
    const claims = logoutTokenClaims({ issuer: this.#parts.issuer, clientId, subject, sid, tokenId, nowSeconds });
    const request = { alg, type: LOGOUT_TOKEN_TYPE, claims, nowMs, leastRingVersion: 0 };
    return this.#parts.signer().sign(request, () => undefined);
  }

  async #post(uri: string, token: string, notice: LogoutNotice): Promise<NoticeOutcome> {
    try {
      const body = new URLSearchParams({ logout_token: token });
      const signal = AbortSignal.timeout(this.#deadlineMs);
      const response = await this.#parts.fetch(
        new Request(uri, { method: "POST", body, redirect: "manual", signal, headers: { accept: "*/*" } }),
      );
      const { status } = response;
      response.body?.cancel().catch(() => undefined);
      // 204 is what some frameworks make of an empty 200 (§2.8).
      const isHeard = status === 200 || status === 204;
      log(isHeard ? "logout_notice_delivered" : "logout_notice_failed", notice, { status });
      return isHeard ? "done" : "again";
    } catch (error) {
      log("logout_notice_failed", notice, { error: error instanceof Error ? error.name : "unknown" });
      return "again";
    }
  }
}

function log(event: string, { id: notice_id, clientId: client_id }: LogoutNotice, told: object): void {
  console.info(JSON.stringify({ time: new Date().toISOString(), event, notice_id, client_id, ...told }));
}
