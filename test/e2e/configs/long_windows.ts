import type { ConfigVariables } from "../../../sallyport.config.ts";
import { oneRoute } from "./one_route.ts";

/** Windows for honest repetition that outlast a restart, and a storm, on a busy machine. What is reused ends one grant alone. */
export default function config(vars: ConfigVariables) {
  return oneRoute(vars, { grants: { codeRetrySeconds: 30, refreshRetrySeconds: 60, onReuse: "grant" } });
}
