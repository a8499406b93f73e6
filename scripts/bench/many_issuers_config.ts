import type { ConfigVariables } from "../../sallyport.config.ts";
import { benchConfig } from "./bench_config.ts";

/** The same with 20 issuers beside its own. */
export default (vars: ConfigVariables) => benchConfig(vars, { routes: 10, issuers: 20 });
