import type { Captcha } from "../ports/captcha.ts";

/** Where the issuer may ask whether a person is there. */
export type HumanUse = "login" | "register" | "forgot";

/** How it asks. */
export interface HumanCheck {
  readonly service: Captcha;
  readonly siteKey: string;
  readonly scriptUrl: string;
  /** The sites that a challenge may be solved on: the issuer's own, and those of apps that have forms of their own. */
  readonly hostnames: ReadonlySet<string>;
  /** Always, never, or from so many failures on of the name or the address. */
  readonly asks: Readonly<Record<HumanUse, "always" | "never" | number>>;
  readonly onUnavailable: "allow" | "deny";
  /** How long an address waits before another proof of its is judged, in whole seconds. */
  readonly pace: (address: string, nowMs: number) => number;
  /** Hears that somebody went on unproven, because nobody could be asked. */
  readonly letThrough: (use: HumanUse) => void;
}

/** What a widget is shown with. */
export interface HumanChallenge {
  readonly siteKey: string;
  readonly action: string;
  readonly scriptUrl: string;
}
