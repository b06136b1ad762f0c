import { useState } from 'preact/hooks';
import icon from '../icon.svg';
import { texts } from '../texts.ts';
import { ErrorNote } from '../ui/states.tsx';
import { isSendable, keep } from './credential.ts';
import { leaveForIssuer, type SignInSettings } from './oidc.ts';
import { enter, settings, signOut } from './session.ts';

/** Asks for an API key, or leads to the issuer where there is one. */
export function SignIn({ refused }: { refused: string | undefined }) {
  const [key, setKey] = useState('');
  const issuer = settings.value?.sign_in;
  const submit = (event: Event) => {
    event.preventDefault();
    const token = key.trim();
    if (token === '') return;
    if (!isSendable(token)) return signOut(texts.signIn.noKey);
    keep({ token });
    void enter();
  };
  return (
    <main class="sign-in">
      <form class="panel panel-body stack" onSubmit={submit}>
        <div class="row">
          <img src={icon} alt="" width="28" height="28" />
          <h1>{texts.signIn.title}</h1>
        </div>
        <p class="quiet">{texts.signIn.about}</p>
        {issuer && <ByIssuer settings={issuer} />}
        <div class="field">
          <label for="api-key">{texts.signIn.key}</label>
          <input
            id="api-key"
            class="input mono"
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={key}
            aria-invalid={refused !== undefined}
            aria-describedby={refused === undefined ? undefined : 'refused'}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
          {refused !== undefined && (
            <span id="refused" class="wrong" role="alert">
              {texts.signIn.refused} {refused}
            </span>
          )}
        </div>
        <button type="submit" class={issuer ? 'button' : 'button primary'}>
          {texts.signIn.submit}
        </button>
      </form>
    </main>
  );
}

function ByIssuer({ settings: issuer }: { settings: SignInSettings }) {
  const [error, setError] = useState<unknown>();
  const leave = () => leaveForIssuer(issuer).catch(setError);
  return (
    <>
      <button type="button" class="button primary" onClick={leave}>
        {texts.signIn.byIssuer(new URL(issuer.issuer).host)}
      </button>
      {error !== undefined && <ErrorNote error={error} />}
      <p class="quiet small">{texts.signIn.or}</p>
    </>
  );
}
