import type { ComponentChildren } from 'preact';
import icon from '../icon.svg';
import { texts } from '../texts.ts';
import { Icon } from '../ui/icons.tsx';
import { PAGES } from './pages.ts';
import { href, route } from './router.ts';
import { type Me, may, signOut } from './session.ts';
import { nextTheme, theme } from './theme.ts';

const THEME_ICONS = { auto: 'auto', light: 'sun', dark: 'moon' } as const;

/** What stands around every page: where one can go, who one is. */
export function Layout({ me, children }: { me: Me; children: ComponentChildren }) {
  return (
    <div class="app">
      {/* biome-ignore lint/a11y/useValidAnchor: it leads to a place in the page, whose address says which page it is. */}
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('content')?.focus();
        }}
      >
        {texts.nav.skip}
      </a>
      <header class="sidebar">
        <a class="brand" href={href(['agents'])}>
          <img src={icon} alt="" />
          {texts.product}
        </a>
        <Nav />
        <div class="sidebar-foot">
          <Who me={me} />
          <ThemeButton />
        </div>
      </header>
      <main class="main" id="content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

const Nav = () => (
  <nav class="nav" aria-label={texts.nav.label}>
    <ul>
      {PAGES.filter(({ needs }) => may(needs)).map(({ id }) => (
        <li key={id}>
          <a href={href([id])} aria-current={route.value.path[0] === id ? 'page' : undefined}>
            <Icon name={id} />
            {texts.nav[id]}
          </a>
        </li>
      ))}
    </ul>
  </nav>
);

const Who = ({ me }: { me: Me }) => (
  <div class="who">
    {me.how === 'local' ? (
      <span class="quiet">{texts.session.local}</span>
    ) : (
      <>
        <div class="who-name">{me.caller}</div>
        <button type="button" class="button plain tiny" onClick={() => signOut()}>
          <Icon name="leave" />
          {texts.signIn.out}
        </button>
      </>
    )}
  </div>
);

const ThemeButton = () => (
  <button type="button" class="button plain" aria-label={texts.theme[theme.value]} onClick={nextTheme}>
    <Icon name={THEME_ICONS[theme.value]} />
  </button>
);
