import { expect } from "vitest";
import { checkBody, requestBodyShape } from "../../src/openapi/check_body.ts";
import { checkResponseText } from "../../src/openapi/check_response.ts";
import type { Contract } from "../../src/openapi/contract.ts";
import { type FieldRules, type FieldTerms, fieldContracts } from "../../src/openapi/field_contracts.ts";
import { responseShape } from "../../src/openapi/response_shape.ts";
import { type FieldRights, NO_RIGHTS } from "../../src/policy/field_grants.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type Properties = FieldRules["properties"];
export type Unlisted = FieldRules["unlisted"]["read"];

/** What a route with one method holds its calls to, by rules for a whole resource. */
export function contractFor(
  method: string,
  properties: Properties,
  unlisted: Unlisted,
  more: Partial<FieldTerms> = {},
): Contract {
  const rules = { type: "note", id: "/id", properties, unlisted: { read: unlisted, write: unlisted } };
  const whole = { at: "", beside: [] };
  const { byMethod, faults } = fieldContracts({
    rules,
    methods: [method],
    resource: null,
    bodyIds: [],
    request: whole,
    response: whole,
    takesJson: false,
    unwritable: "refuse",
    leftOut: "deleted",
    maxResponseBytes: 1_000_000,
    maxDepth: 32,
    ...more,
  });
  expect(faults).toEqual([]);
  const contract = byMethod.get(method);
  if (contract === undefined) throw new Error("no contract");
  return contract;
}

/** What somebody with `roles` reads of `value`; null where it is withheld. */
export function read(contract: Contract, value: Json, roles: readonly string[]): Json {
  const shape = responseShape(contract.operation.responses, 200);
  const node = shape?.byType.get("application/json")?.node;
  if (shape === null || node === undefined || node === null) throw new Error("no response");
  const viewer = { rights: { ...NO_RIGHTS, roles }, isPartial: true };
  const checked = checkResponseText(node, JSON.stringify(value), contract, shape, viewer);
  return checked.kind === "shown" && checked.text !== null ? JSON.parse(checked.text) : null;
}

/** What becomes of `value` when somebody with `rights` sends it: what goes on, or why it does not. */
export function send(contract: Contract, value: Json, rights: Partial<FieldRights>): string {
  const shape = requestBodyShape(contract, "application/json", null);
  if (!shape.ok) throw new Error("no body");
  const text = JSON.stringify(value);
  const checked = checkBody(shape.value, text, contract, { rights: { ...NO_RIGHTS, ...rights }, isSealed: false });
  return checked.kind === "fits" ? (checked.text ?? text) : checked.kind;
}
