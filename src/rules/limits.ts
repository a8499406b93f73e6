import { ATTRIBUTE_BOUNDS } from "../policy/attribute_type.ts";

/** How large a condition may be, and what it may see. What is beyond is refused at publish, or makes the rule fail, and so deny. */
export const LIMITS = {
  /** Characters of a condition. */
  source: 2_000,
  /** Its parts: names, operators, literals and calls. */
  nodes: 300,
  /** How deep they stand in each other. */
  depth: 24,
  /** Elements of a list that is written down. */
  literalList: 200,
  /** Characters of an attribute, or of one element of it. */
  text: ATTRIBUTE_BOUNDS.text,
  /** Elements of an attribute, of the principal's roles and scopes, and of what `can` is asked about. */
  list: ATTRIBUTE_BOUNDS.list,
  /** Elements of one list, or members of one object, in a body. */
  bodyList: 1_000,
  /** Characters of one text in a body. */
  bodyText: 65_536,
  /** Values in a body, and how deep they stand in each other. */
  bodyValues: 20_000,
  bodyDepth: 32,
  /** Characters that a pattern is matched against, and that a pattern has. */
  matchedText: 4_096,
  pattern: 256,
  /** Steps of one evaluation in the worst case: about 5 ms. */
  work: 100_000,
} as const;
