import { Notice } from "./form.tsx";

/** What was just done, in a word. */
export type AccountNotice =
  | "password_changed"
  | "session_ended"
  | "access_withdrawn"
  | "email_changed"
  | "signed_in_again";

const NOTICES: Readonly<Record<AccountNotice, string>> = {
  password_changed: "Your password is changed. Every other session has ended, and connected apps ask again.",
  session_ended: "The session has ended.",
  access_withdrawn: "The access is withdrawn.",
  email_changed: "Your email address is changed. Sign in with it from now on.",
  signed_in_again: "You have signed in again. Go back to the page that asked for it, and try once more.",
};

/** Says so; nothing where there is nothing to say. */
export function DoneNotice({ notice }: { notice: AccountNotice | null }) {
  return notice === null ? null : <Notice kind="good" title={NOTICES[notice]} />;
}
