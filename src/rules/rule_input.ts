/** Something that a rule asked for cannot be told, or may not be as large as it is. The message holds no value of the call. */
export class RuleInputError extends Error {
  override readonly name = "RuleInputError";
}

/** `can` asked for a relation that is not in memory. What asked it notes which, and fails until it is known. */
export class UnknownRelation extends Error {
  override readonly name = "UnknownRelation";
}
