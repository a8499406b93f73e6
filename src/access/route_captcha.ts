import type { Captcha } from "../ports/captcha.ts";
import type { UnspentProofs } from "./unspent_proofs.ts";

/** What a route asks of people, where it asks anything. */
export interface RouteCaptcha {
  /** For every call, or for those that something else challenged. */
  readonly always: boolean;
  readonly action: string;
  /** How long a proof is remembered, in milliseconds; 0 for one call. */
  readonly rememberMs: number;
  readonly onUnavailable: "allow" | "deny";
  readonly site: CaptchaSite;
}

/** The service of the installation, and what all routes have of it. */
export interface CaptchaSite {
  readonly service: Captcha;
  readonly siteKey: string;
  readonly hostnames: ReadonlySet<string>;
  readonly clearanceKey: () => Promise<CryptoKey>;
  readonly unspent: UnspentProofs;
}

/** What a caller has to solve. */
export interface CaptchaChallenge {
  readonly siteKey: string;
  readonly action: string;
}
