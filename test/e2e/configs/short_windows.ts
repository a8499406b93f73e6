import type { ConfigVariables } from "../../../sallyport.config.ts";
import { oneRoute } from "./one_route.ts";

/** Windows for honest repetition that a test can wait out. What is reused ends one grant, so that a test can go on. */
export default function config(vars: ConfigVariables) {
  return oneRoute(vars, { grants: { codeRetrySeconds: 2, refreshRetrySeconds: 2, onReuse: "grant" } });
}
