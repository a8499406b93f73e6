/** A sentence about a password that was not taken. Never the password itself. */
export type PasswordFaultText = string;

/** What a new password has to be, before anyone has tried. No composition rules (NIST SP 800-63B-4 §3.1.1.2). */
export function newPasswordHint(minLength: number): string {
  return `At least ${minLength} characters. A few unrelated words make a good one; spaces count.`;
}
