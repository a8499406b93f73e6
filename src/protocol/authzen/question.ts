import { err, ok, type Result } from "../../kernel/result.ts";
import { isJsonObject } from "../../kernel/strict_json.ts";

/**
 * AuthZEN's Authorization API 1.0: how others ask what somebody may do, and how that is answered. Owns the names and shapes of the
 * wire; refuses to know what any of it means here. Members that it does not know are passed over (§10.1.1).
 */
export interface Entity {
  readonly type: string;
  readonly id: string;
  readonly properties: JsonObject;
}

export interface AskedAction {
  readonly name: string;
  readonly properties: JsonObject;
}

/** One access evaluation request (§6.1). What is optional and absent is empty. */
export interface Question {
  readonly subject: Entity;
  readonly action: AskedAction;
  readonly resource: Entity;
  readonly context: JsonObject;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** What is wrong with a request: the member's place in it, which is a word of ours and nothing that was sent. */
export interface QuestionFault {
  readonly member: string;
  readonly fault: "missing" | "malformed";
}

/** Part of a question: what each of its evaluations may say again, or leave out. */
type Parts = Readonly<Record<string, unknown>>;

const NOTHING: JsonObject = {};

/** Reads one question out of `parts`, the members of a request. A member that is null is malformed: whether it is there is for its sender to know. */
export function readQuestion(parts: Parts): Result<Question, QuestionFault> {
  const subject = readEntity(parts, "subject");
  if (!subject.ok) return subject;
  const action = readAction(parts);
  if (!action.ok) return action;
  const resource = readEntity(parts, "resource");
  if (!resource.ok) return resource;
  const context = readObject(parts, "context");
  if (!context.ok) return context;
  return ok({ subject: subject.value, action: action.value, resource: resource.value, context: context.value });
}

/** A subject or a resource with its type and id (§5.1, §5.2). */
export function readEntity(parts: Parts, name: "subject" | "resource"): Result<Entity, QuestionFault> {
  const kind = readKind(parts, name);
  if (!kind.ok) return kind;
  const id = readText(kind.value.members, "id", name);
  if (!id.ok) return id;
  const properties = readObject(kind.value.members, "properties", `${name}.properties`);
  return properties.ok ? ok({ type: kind.value.type, id: id.value, properties: properties.value }) : properties;
}

/** Of what is searched for the type alone counts (§8.4.1, §8.5.1): nothing else is looked at. */
export function readSearchedType(parts: Parts, name: "subject" | "resource"): Result<string, QuestionFault> {
  const kind = readKind(parts, name);
  return kind.ok ? ok(kind.value.type) : kind;
}

/** §5.3. */
export function readAction(parts: Parts): Result<AskedAction, QuestionFault> {
  const members = readMembers(parts, "action");
  if (!members.ok) return members;
  const name = readText(members.value, "name", "action");
  if (!name.ok) return name;
  const properties = readObject(members.value, "properties", "action.properties");
  return properties.ok ? ok({ name: name.value, properties: properties.value }) : properties;
}

/** The optional object `name` of `parts`, empty where it is absent. `place` is what it is called in a fault. */
export function readObject(parts: Parts, name: string, place = name): Result<JsonObject, QuestionFault> {
  const value = own(parts, name);
  if (value === undefined) return ok(NOTHING);
  return isJsonObject(value) ? ok(value) : malformed(place);
}

/** The member `name` of what was sent, and never one that every object of JavaScript has. */
export function own(parts: Parts, name: string): unknown {
  return Object.hasOwn(parts, name) ? parts[name] : undefined;
}

export function malformed(member: string): { readonly ok: false; readonly error: QuestionFault } {
  return err({ member, fault: "malformed" });
}

function readKind(
  parts: Parts,
  name: "subject" | "resource",
): Result<{ readonly type: string; readonly members: JsonObject }, QuestionFault> {
  const members = readMembers(parts, name);
  if (!members.ok) return members;
  const type = readText(members.value, "type", name);
  return type.ok ? ok({ type: type.value, members: members.value }) : type;
}

function readMembers(parts: Parts, name: string): Result<JsonObject, QuestionFault> {
  const value = own(parts, name);
  if (value === undefined) return err({ member: name, fault: "missing" });
  return isJsonObject(value) ? ok(value) : malformed(name);
}

function readText(members: JsonObject, name: string, of: string): Result<string, QuestionFault> {
  const value = own(members, name);
  const member = `${of}.${name}`;
  if (value === undefined) return err({ member, fault: "missing" });
  // RFC 7493 §2.1: what is no Unicode has no one reading.
  return typeof value === "string" && value.isWellFormed() ? ok(value) : malformed(member);
}
