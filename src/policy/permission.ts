/** The most characters that a permission takes, and the most of either half. */
export const MAX_PERMISSION = 128;

/** `document:read`, or `document:*` for every action of that resource type. There is none for every type. */
const HELD = /^[a-z][a-z0-9_-]{0,62}:(?:[a-z][a-z0-9_-]{0,62}|\*)$/;
const DEMANDED = /^[a-z][a-z0-9_-]{0,62}:[a-z][a-z0-9_-]{0,62}$/;

/** Whether `text` is a permission that a role may have. */
export function isPermission(text: string): boolean {
  return HELD.test(text);
}

/** Whether `text` is a permission that may be asked for: of one action. */
export function isDemandedPermission(text: string): boolean {
  return DEMANDED.test(text);
}

/** `document:*` of `document:read`: what holds it as well. */
export function wildcardOf(permission: string): string {
  return `${permission.slice(0, permission.indexOf(":"))}:*`;
}

/** Permissions as they are held: `document:*` has every permission of `document`. Counting and listing tell what was given, as it was given. */
export class PermissionSet extends Set<string> {
  /** Whether `permission` is held, by itself or with all of its resource type. */
  override has(permission: string): boolean {
    return super.has(permission) || super.has(wildcardOf(permission));
  }
}

/** The permissions of nobody. */
export const NO_PERMISSIONS: ReadonlySet<string> = new Set();
