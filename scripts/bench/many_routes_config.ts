import type { ConfigVariables } from "../../sallyport.config.ts";
import { benchConfig } from "./bench_config.ts";

/** The same with 5,000 routes. */
export default (vars: ConfigVariables) => benchConfig(vars, { routes: 5_000, issuers: 1 });
