import { inject } from "vitest";
import fc from "../../node_modules/fast-check/lib/fast-check.js";
import type {} from "./property_seed.ts";

/*
 * What tests get as `fast-check`: a property that fails in one run fails in the next one as well, so that whoever changed the code finds it, and
 * not who came by.
 */
fc.configureGlobal({ seed: inject("propertySeed") });

export * from "../../node_modules/fast-check/lib/fast-check.js";
export default fc;
