import { useEffect, useRef } from 'preact/hooks';
import { texts } from '../texts.ts';
import { Boundary } from '../ui/boundary.tsx';
import { Empty, ErrorNote, Loading } from '../ui/states.tsx';
import { Layout } from './layout.tsx';
import { PAGES } from './pages.ts';
import { address, href, redirect, route } from './router.ts';
import { enter, may, session } from './session.ts';
import { SignIn } from './sign-in.tsx';

/** The page, by who looks at it and where it is. */
export function App() {
  const now = session.value;
  if (now.state === 'starting') return <Loading />;
  if (now.state === 'signed-out') return <SignIn refused={now.refused} />;
  if (now.state === 'failed') {
    return (
      <main class="main page">
        <h1>{texts.session.failed}</h1>
        <ErrorNote error={now.error} retry={enter} />
      </main>
    );
  }
  return (
    <Layout me={now.me}>
      <Boundary of={route.value}>
        <Current />
      </Boundary>
    </Layout>
  );
}

/** Names the page, by what it is about, and gives it the focus where what had it is gone. */
function useArrival(title: string | undefined): void {
  const { path } = route.value;
  const at = path.join('/');
  const before = useRef(at);
  useEffect(() => {
    const names = [path[1], title, texts.product];
    document.title = names.filter((name) => name !== undefined).join(' · ');
  }, [at, title]);
  useEffect(() => {
    // Nobody has come to where the page opened, nor to where it went by itself.
    const from = before.current;
    before.current = at;
    const lost = document.activeElement === document.body;
    if (lost && from !== '' && from !== at)
      document.getElementById('content')?.focus({ preventScroll: true });
  }, [at]);
}

function Current() {
  const [id] = route.value.path;
  const first = PAGES.find(({ needs }) => may(needs));
  const page = PAGES.find((each) => each.id === id);
  useEffect(() => {
    // Where one is by now: somebody may have gone on since this was drawn.
    if (address().path.length === 0 && first !== undefined) redirect([first.id]);
  }, [id, first]);
  useArrival(page && texts.nav[page.id]);
  if (page !== undefined && may(page.needs)) return <page.component />;
  if (id === undefined) return null;
  return (
    <Empty title={texts.nothing.title}>
      <a class="button" href={href([])}>
        {texts.nothing.back}
      </a>
    </Empty>
  );
}
