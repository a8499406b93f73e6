import * as z from "zod/mini";
import { _isoDateTime } from "zod/v4/core";
import { sha256Base64url } from "../kernel/bytes.ts";
import { Lru } from "../kernel/lru.ts";
import { Outage } from "../kernel/outage.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { OutboundReach } from "../policy/outbound_url.ts";
import type { Captcha, CaptchaFault, CaptchaProof } from "../ports/captcha.ts";
import { NO_PROOF_TO_BE_HAD } from "../protocol/captcha_clearance.ts";
import { boundedJson, isRefusal } from "./bounded_json.ts";

const DEPENDENCY = "captcha";
const MAX_BYTES = 16 * 1024;
/** A token is at most 2,048 characters, and good for five minutes. */
const TOKEN = /^[\w.-]{1,2048}$/;
const TOKEN_LIFE_MS = 300_000;
const CLOCK_SKEW_MS = 60_000;
const ENTRY_BYTES = 128;

/** How Turnstile is asked. */
export interface TurnstileTerms {
  readonly secret: string;
  readonly verifyUrl: string;
  readonly deadlineMs: number;
  /** Whether it is told who presents the proof. */
  readonly sendAddress: boolean;
  readonly reach: OutboundReach;
}

const answered = z.object({
  success: z.boolean(),
  "error-codes": z._default(z.array(z.string().check(z.maxLength(100))).check(z.maxLength(20)), []),
  hostname: z.optional(z.string().check(z.maxLength(255))),
  action: z.optional(z.string().check(z.maxLength(100))),
  challenge_ts: z.optional(_isoDateTime(z.ZodMiniISODateTime, { offset: true })),
});
type Answer = z.output<typeof answered>;

/**
 * Cloudflare Turnstile, asked by its siteverify API. It takes each token once; an isolate remembers those that it has shown, so that the
 * second of two at once is refused here already. Nothing is asked twice: where an answer is lost the token may be spent, and the
 * caller solves anew.
 */
export class Turnstile implements Captcha {
  readonly #terms: TurnstileTerms;
  /** When tokens were shown, by their digest. */
  readonly #shown = new Lru<number>({ maxEntries: 10_000, maxBytes: 2 * 1024 * 1024 });

  constructor(terms: TurnstileTerms) {
    this.#terms = terms;
  }

  async verify(proof: CaptchaProof, nowMs: number): Promise<Result<null, CaptchaFault>> {
    const { token } = proof;
    if (!TOKEN.test(token)) return err("captcha_malformed");
    if (token === NO_PROOF_TO_BE_HAD) return this.#judge(proof, nowMs);
    const digest = await sha256Base64url(token);
    const shownAtMs = this.#shown.get(digest);
    if (shownAtMs !== undefined && nowMs - shownAtMs < TOKEN_LIFE_MS + CLOCK_SKEW_MS) return err("captcha_spent");
    this.#shown.set(digest, nowMs, ENTRY_BYTES);
    try {
      return await this.#judge(proof, nowMs);
    } catch (error) {
      // Nobody knows whether it was taken: Turnstile does, when it is back.
      this.#shown.delete(digest);
      throw error;
    }
  }

  async #judge(proof: CaptchaProof, nowMs: number): Promise<Result<null, CaptchaFault>> {
    const answer = await this.#ask(proof);
    return answer === null ? err("captcha_not_judged") : judged(answer, proof, nowMs);
  }

  /** Null where it refuses to be asked. */
  async #ask({ token, address }: CaptchaProof): Promise<Answer | null> {
    const { secret, verifyUrl, deadlineMs, sendAddress, reach } = this.#terms;
    const body = { secret, response: token, ...(sendAddress && address !== null ? { remoteip: address } : {}) };
    const bounds = { dependency: DEPENDENCY, deadlineMs, maxBytes: MAX_BYTES, types: ["application/json"], reach };
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const text = await boundedJson(verifyUrl, bounds, init).catch(unlessRefused);
    if (text === null) return null;
    const parsed = answered.safeParse(text);
    if (!parsed.success) throw new Outage(DEPENDENCY, { cause: "not an answer" });
    return parsed.data;
  }
}

/** A refusal of the request itself must not pass for an outage, which may be let through: whoever sends the token has a hand in it. */
function unlessRefused(error: unknown): null {
  if (isRefusal(error, [429])) return null;
  throw error;
}

function judged(answer: Answer, { action, hostnames }: CaptchaProof, nowMs: number): Result<null, CaptchaFault> {
  const codes = answer["error-codes"];
  if (!answer.success) {
    if (codes.includes("internal-error")) throw new Outage(DEPENDENCY, { cause: "internal-error" });
    if (codes.some((code) => /-input-secret$/.test(code))) return err("captcha_not_judged");
    return err(codes.includes("timeout-or-duplicate") ? "captcha_spent" : "captcha_rejected");
  }
  if (codes.length > 0) return err("captcha_rejected");
  if (answer.action !== action) return err("captcha_other_action");
  if (answer.hostname === undefined || !hostnames.has(answer.hostname.toLowerCase())) return err("captcha_other_site");
  const ageMs = nowMs - Date.parse(answer.challenge_ts ?? "");
  // Also where no time is told.
  const isFresh = ageMs <= TOKEN_LIFE_MS + CLOCK_SKEW_MS && ageMs >= -CLOCK_SKEW_MS;
  return isFresh ? ok(null) : err("captcha_stale");
}
