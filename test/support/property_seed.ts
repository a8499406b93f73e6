import type {} from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** What properties draw their cases from. */
    propertySeed: number;
  }
}
