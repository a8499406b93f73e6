/** What can be said of where, when and how something is asked, by the names that rules have for it under `env`. */
export const CONTEXT_FACTS = [
  "time",
  "address",
  "country",
  "asn",
  "tlsVersion",
  "deviceType",
  "clientType",
  "authTime",
  "acr",
  "amr",
] as const;

export type ContextFact = (typeof CONTEXT_FACTS)[number];
