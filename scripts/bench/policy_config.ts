import type { ConfigVariables } from "../../sallyport.config.ts";
import { benchConfig } from "./bench_config.ts";

/** The same with a hundred rules on one more action, and with relations. */
export default (vars: ConfigVariables) =>
  benchConfig(vars, { routes: 10, issuers: 1, policy: { audits: 100, relations: true } });
