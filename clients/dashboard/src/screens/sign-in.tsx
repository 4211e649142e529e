/** Who are you? */
import { toQuarterdeckError, type QuarterdeckError } from "@quarterdeck/client";
import { useQuarterdeck, useSession } from "@quarterdeck/client/react";
import { useState, type FormEvent, type ReactElement } from "react";
import { Brand } from "../shell/brand";

/** The sign-in. */
export function SignIn(): ReactElement {
  const { session } = useQuarterdeck();
  const { ended } = useSession();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<QuarterdeckError>();

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setFailure(undefined);
    try {
      await session.signIn(String(form.get("principal")).trim(), String(form.get("password")));
    } catch (thrown) {
      setFailure(toQuarterdeckError(thrown));
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <form onSubmit={(event) => void submit(event)}>
        <Brand />
        <p className="lead">Sign in to your deck</p>
        {(failure ?? ended) && (
          <p className="alert" role="alert">
            {failure ? sentence(failure) : `Your session ended: ${sentence(ended)}`}
          </p>
        )}
        <label className="field">
          Name
          <input name="principal" autoComplete="username" autoCapitalize="none" spellCheck={false} required />
        </label>
        <label className="field">
          Password
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        <button type="submit" className="button main" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}

const SENTENCES: Record<string, string> = {
  CREDENTIALS_INVALID: "The name or the password is wrong.",
  LIMIT_EXCEEDED: "Too many attempts. Wait a little and try again.",
  TOKEN_EXPIRED: "it was too long ago that you signed in.",
  TOKEN_REVOKED: "it was revoked.",
  TOKEN_INVALID: "this deck does not know it.",
};

function sentence(error: QuarterdeckError | undefined): string {
  if (error?.reason && SENTENCES[error.reason]) return SENTENCES[error.reason] ?? "";
  if (error?.name === "Unavailable") return "The deck cannot be reached. Is it running?";
  return error?.message ?? "";
}
