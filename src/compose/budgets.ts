import { DurableObjectGuesses } from "../adapters/objects/guesses.ts";
import { type Bindings, need } from "../bindings.ts";
import type { LockoutConfig } from "../config/schema.ts";
import { logFault } from "../http/log.ts";
import { ClientFailures, type FailureNotice } from "../issuing/client_failures.ts";
import type { Issuer } from "../issuing/issuer.ts";
import { OpeningBudget } from "../issuing/opening_budget.ts";
import { LocalPace } from "../limits/local_pace.ts";
import type { GrantSecrets } from "../ports/grant_secrets.ts";

/*
 * The wiring of what callers may do whom nobody knows yet, or who got it wrong.
 */

/** The issuer's budgets against strangers. What they remember lives as long as the isolate. */
export function composeBudgets(
  bindings: Bindings,
  lockout: LockoutConfig,
  secrets: GrantSecrets,
): Pick<Issuer, "failures" | "deviceBudget" | "transactionBudget" | "tokenPace"> {
  const counted = { guesses: new DurableObjectGuesses(need(bindings, "GUESSES"), lockout), secrets };
  const { transactionsPerAddressPerMinute, deviceCodesPerAddressPerMinute, tokenRequestsPerClientPerMinute } = lockout;
  return {
    failures: new ClientFailures({ ...counted, notice }),
    transactionBudget: new OpeningBudget("transactions_by_address", transactionsPerAddressPerMinute, counted),
    deviceBudget: new OpeningBudget("device_codes_by_address", deviceCodesPerAddressPerMinute, counted),
    tokenPace: tokenRequestsPerClientPerMinute === null ? null : new LocalPace(tokenRequestsPerClientPerMinute),
  };
}

function notice(told: FailureNotice): void {
  const who = { address: told.address, client_id: told.clientId };
  switch (told.kind) {
    case "guessing_refused":
      logFault("client_guessing", { ...who, retry_after_seconds: told.retryAfterSeconds });
      return;
    case "failure_not_counted":
      logFault("client_failure_not_counted", { ...who, dependency: "guesses" });
  }
}
