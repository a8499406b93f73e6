import type { ConfigVariables } from "../../../sallyport.config.ts";
import { oneRoute } from "./one_route.ts";

/** Lets one person enter the codes of hundreds of devices: every code that is looked up counts, those that exist too. */
export default function config(vars: ConfigVariables) {
  return oneRoute(vars, { lockout: { userCodeGuessesPerMinute: 100_000 } });
}
