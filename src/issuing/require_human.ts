import { Outage } from "../kernel/outage.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { CaptchaFault } from "../ports/captcha.ts";
import { NO_PROOF_TO_BE_HAD } from "../protocol/captcha_clearance.ts";
import { attemptOf, loginName, type Throttled } from "./guess_budgets.ts";
import type { HumanChallenge, HumanCheck, HumanUse } from "./human_check.ts";
import type { People, Visitor } from "./people.ts";

/** Why nothing was looked at. */
export type HumanFault =
  | { readonly kind: "human_required"; readonly challenge: HumanChallenge; readonly loggedReason: string }
  | { readonly kind: "human_unknown"; readonly loggedReason: "captcha_unavailable" }
  | Throttled;

type Asking = Pick<People, "human" | "guesses" | "secrets">;

/**
 * The challenge that an attempt under `email` has to answer, null for none; where `email` is null, that of anybody from the address. Asked
 * of counters that names without an account have alike. Throws `Outage`.
 */
async function challengeFor(
  use: HumanUse,
  email: string | null,
  visitor: Visitor,
  people: Asking,
  nowMs: number,
): Promise<HumanChallenge | null> {
  const { human } = people;
  if (human === null) return null;
  const asks = human.asks[use];
  if (asks === "never") return null;
  const challenge = { siteKey: human.siteKey, action: `sallyport_${use}`, scriptUrl: human.scriptUrl };
  if (asks === "always") return challenge;
  const attempt = await attemptOf(email === null ? "" : loginName(email), visitor, people);
  const failures = await people.guesses.failures(
    { ...attempt, name: email === null ? null : attempt.name },
    asks,
    nowMs,
  );
  return failures >= asks ? challenge : null;
}

/** The challenge for a form that is shown. While nobody can count there is none: the form is refused then anyway. */
export function challengeToShow(...asked: Parameters<typeof challengeFor>): Promise<HumanChallenge | null> {
  return challengeFor(...asked).catch((error: unknown) => {
    if (error instanceof Outage) return null;
    throw error;
  });
}

/**
 * Demands the proof that a person is there, where one is asked for: before any password is looked at, and counted by itself, for what is
 * refused here is no attempt on anybody's name. Throws `Outage` where it cannot be learnt whether one is.
 */
export async function requireHuman(
  use: HumanUse,
  email: string,
  token: string | undefined,
  visitor: Visitor,
  people: Asking,
  nowMs: number,
): Promise<Result<null, HumanFault>> {
  const { human } = people;
  const challenge = await challengeFor(use, email, visitor, people, nowMs);
  if (human === null || challenge === null) return ok(null);
  // A widget that does not load gives no token: where an outage is let through, whether there is one has to be asked.
  const shown = token || (human.onUnavailable === "allow" ? NO_PROOF_TO_BE_HAD : undefined);
  if (shown === undefined) return err({ kind: "human_required", challenge, loggedReason: "captcha_missing" });
  const retryAfterSeconds = human.pace(visitor.address, nowMs);
  if (retryAfterSeconds > 0) return err({ kind: "throttled", retryAfterSeconds });
  const verdict = await verdictOn(human, shown, challenge.action, visitor, nowMs);
  if (verdict !== null) {
    return verdict.ok ? ok(null) : err({ kind: "human_required", challenge, loggedReason: verdict.error });
  }
  if (human.onUnavailable === "deny") return err({ kind: "human_unknown", loggedReason: "captcha_unavailable" });
  human.letThrough(use);
  return ok(null);
}

/** Null where the service could not be asked. */
async function verdictOn(
  { service, hostnames }: HumanCheck,
  token: string,
  action: string,
  { address }: Visitor,
  nowMs: number,
): Promise<Result<null, CaptchaFault> | null> {
  // The unit that a visitor is counted by is an address for IPv4 alone.
  const exact = address.includes("/") ? null : address;
  try {
    return await service.verify({ token, action, hostnames, address: exact }, nowMs);
  } catch (error) {
    if (error instanceof Outage) return null;
    throw error;
  }
}
