import type { ConfigVariables } from "../../../sallyport.config.ts";
import { oneRoute } from "./one_route.ts";

const MANY = 100_000;

/** Budgets that nothing uses up, so that one machine can play many people, and windows that outlast a restart. */
export default function config(vars: ConfigVariables) {
  return oneRoute(vars, {
    grants: { codeRetrySeconds: 30, refreshRetrySeconds: 60, codeSeconds: 600 },
    lockout: {
      attemptsPerAddressPerMinute: MANY,
      steps: [{ failures: 100, lockSeconds: 1 }],
      registrationsPerAddressPerHour: MANY,
      mailBurstPerRecipient: 20,
      mailsPerRecipientPerHour: 3_600,
      mailsPerAddressPerHour: MANY,
      userCodeGuessesPerMinute: MANY,
    },
  });
}
