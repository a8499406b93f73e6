import type { ConfigVariables } from "../../../sallyport.config.ts";
import { oneRoute } from "./one_route.ts";

/** Lets hundreds of devices ask from one address, and one person enter their codes: every code that is looked up counts, those that exist too. */
export default function config(vars: ConfigVariables) {
  return oneRoute(vars, { lockout: { userCodeGuessesPerMinute: 100_000, deviceCodesPerAddressPerMinute: 100_000 } });
}
