import type { ConfigVariables } from "../../sallyport.config.ts";
import { benchConfig } from "./bench_config.ts";

/** The installation that most rows measure. */
export default (vars: ConfigVariables) => benchConfig(vars, { routes: 10, issuers: 1 });
