import { useState } from 'preact/hooks';
import icon from '../icon.svg';
import { texts } from '../texts.ts';
import { keep } from './credential.ts';
import { enter } from './session.ts';

/** Asks for an API key. */
export function SignIn({ refused }: { refused: string | undefined }) {
  const [key, setKey] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    if (key.trim() === '') return;
    keep({ token: key.trim() });
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
        <button type="submit" class="button primary">
          {texts.signIn.submit}
        </button>
      </form>
    </main>
  );
}
