import type { Child } from "hono/jsx";

/** What every form carries: the token that proves it was ours, and the authorization transaction where there is one. */
export interface FormSeal {
  readonly formToken: string;
  readonly tx: string | null;
}

/** A form of ours: POST, to a path of ours, sealed. */
export function Form({ action, seal, children }: { action: string; seal: FormSeal; children?: Child }) {
  return (
    <form class="fields" method="post" action={action}>
      <input type="hidden" name="form_token" value={seal.formToken} />
      {seal.tx === null ? null : <input type="hidden" name="tx" value={seal.tx} />}
      {children}
    </form>
  );
}

/** A form that is one button, for a row of a list. */
export function ButtonForm(props: {
  action: string;
  seal: FormSeal;
  fields?: Readonly<Record<string, string>>;
  label: string;
  /** What the button is about, for those who do not see its row. */
  about?: string;
  kind?: ButtonKind;
}) {
  return (
    <form method="post" action={props.action}>
      <input type="hidden" name="form_token" value={props.seal.formToken} />
      {props.seal.tx === null ? null : <input type="hidden" name="tx" value={props.seal.tx} />}
      {Object.entries(props.fields ?? {}).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <Button label={props.label} about={props.about} kind={props.kind ?? "small"} />
    </form>
  );
}

export type ButtonKind = "first" | "plain" | "small" | "danger";

const BUTTON_CLASSES: Readonly<Record<ButtonKind, string>> = {
  first: "button button-first button-wide",
  plain: "button button-wide",
  small: "button button-small",
  danger: "button button-small button-danger",
};

/** A button that sends its form; `name` and `value` where a form has several. */
export function Button({
  label,
  about,
  kind = "first",
  name,
  value,
}: {
  label: string;
  about?: string | undefined;
  kind?: ButtonKind;
  name?: string;
  value?: string;
}) {
  return (
    <button class={BUTTON_CLASSES[kind]} type="submit" name={name} value={value}>
      {label}
      {about === undefined ? null : <span class="visually-hidden"> {about}</span>}
    </button>
  );
}

/** What a field of text is. `id` is its name, and stands once on a page. */
export interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly type: "email" | "password" | "text";
  /** What a password manager reads (HTML, autofill). */
  readonly autocomplete: string;
  readonly value?: string;
  readonly hint?: string;
  /** What is wrong with what was sent. */
  readonly fault?: string | null;
  readonly focused?: boolean;
  readonly readonly?: boolean;
  /** Beside the label: a link that helps. */
  readonly aside?: Child;
}

/** A labelled field. Hint and fault are tied to it; nothing hinders pasting; the browser judges no content. */
export function Field(field: FieldProps) {
  const { name, hint, fault } = field;
  const described = [
    fault === undefined || fault === null ? null : `${name}-fault`,
    hint === undefined ? null : `${name}-hint`,
  ].filter((id) => id !== null);
  return (
    <div class="field">
      <div class="field-head">
        <label for={name}>{field.label}</label>
        {field.aside}
      </div>
      <input
        class="text"
        id={name}
        name={name}
        type={field.type}
        autocomplete={field.autocomplete}
        autocapitalize="none"
        spellcheck={false}
        required
        value={field.value}
        readonly={field.readonly === true}
        // One field of a page that is nothing but its form: whoever comes wants to write there.
        autofocus={field.focused === true}
        aria-invalid={described.length > 0 && fault ? "true" : undefined}
        aria-describedby={described.length > 0 ? described.join(" ") : undefined}
      />
      {fault ? (
        <p class="fault" id={`${name}-fault`}>
          {fault}
        </p>
      ) : null}
      {hint === undefined ? null : (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** Something the page has to say before anything else. Read out at once where it is bad news. */
export function Notice({
  kind,
  title,
  children,
}: {
  kind: "danger" | "good" | "plain";
  title: string;
  children?: Child;
}) {
  return (
    <div class={`notice notice-${kind}`} role={kind === "danger" ? "alert" : "status"}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}
