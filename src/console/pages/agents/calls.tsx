import { useState } from 'preact/hooks';
import { hostUrl } from '../../api/http.ts';
import { session } from '../../app/session.ts';
import { texts } from '../../texts.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import type { Known } from './overview.tsx';
import { gatewaySnippet, type Language, snippets } from './snippets.ts';

const LANGUAGES: readonly Language[] = ['curl', 'cli', 'typescript'];

/** Each call of the agent, to be pasted. */
export function Calls({ known: { agent } }: { known: Known }) {
  const [language, setLanguage] = useState<Language>('curl');
  const options = {
    host: hostUrl('.').replace(/\/$/, ''),
    code: agent.agent_id,
    guarded: session.value.state === 'in' && session.value.me.how !== 'local',
    example: agent.skills.flatMap(({ examples = [] }) => examples)[0] ?? texts.calls.hello,
    region: agent.review.allowed_regions[0],
    risky: agent.review.human_approval_required || agent.review.risk_level === 'high',
  };
  const all = agent.kind === 'remote' ? [gatewaySnippet(options)] : snippets(options);
  return (
    <div class="stack">
      <fieldset class="segments">
        <legend class="visually-hidden">{texts.calls.language}</legend>
        {LANGUAGES.map((each) => (
          <label key={each} class="segment">
            <input
              type="radio"
              name="language"
              checked={language === each}
              onChange={() => setLanguage(each)}
            />
            <span>{texts.calls.languages[each]}</span>
          </label>
        ))}
      </fieldset>
      {all.map(({ id, text }) => (
        <section key={id} class="call">
          <div>
            <h2>{texts.calls.titles[id]}</h2>
            <p class="quiet small">{texts.calls.about[id]}</p>
          </div>
          <CodeBlock label={texts.calls.titles[id]} text={text[language]} />
        </section>
      ))}
    </div>
  );
}
