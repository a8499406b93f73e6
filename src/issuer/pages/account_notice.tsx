import { Notice } from "./form.tsx";

const NOTICES = {
  password_changed: "Your password is changed. Every other session has ended, and connected apps ask again.",
  session_ended: "The session has ended.",
  access_withdrawn: "The access is withdrawn.",
  email_changed: "Your email address is changed. Sign in with it from now on.",
  signed_in_again: "You have signed in again. Go back to the page that asked for it, and try once more.",
};

/** What was just done, in a word. */
export type AccountNotice = keyof typeof NOTICES;

/** Says so; nothing where there is nothing to say. */
export function DoneNotice({ notice }: { notice: AccountNotice | null }) {
  return notice === null ? null : <Notice kind="good" title={NOTICES[notice]} />;
}
