import type { Result } from "../kernel/result.ts";

/** What somebody presents as proof that a person solved something. */
export interface CaptchaProof {
  readonly token: string;
  /** What it has to have been solved for. */
  readonly action: string;
  /** The names of the sites that it may have been solved on. */
  readonly hostnames: ReadonlySet<string>;
  /** Who presents it, as the platform tells it; null where that is not known exactly. */
  readonly address: string | null;
}

/** Why a proof is worth nothing. `captcha_not_judged`: the service refuses to judge, which is the operator's to mend. */
export type CaptchaFault =
  | "captcha_malformed"
  | "captcha_rejected"
  | "captcha_spent"
  | "captcha_stale"
  | "captcha_other_action"
  | "captcha_other_site"
  | "captcha_not_judged";

/** A service that tells people from programs. */
export interface Captcha {
  /** Judges `proof`, which is worth something once. Throws `Outage`. */
  verify(proof: CaptchaProof, nowMs: number): Promise<Result<null, CaptchaFault>>;
}
