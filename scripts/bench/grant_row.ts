/** A row of an account's table of grants, whatever its columns. */
export type GrantRow = Record<string, string | number | null>;
