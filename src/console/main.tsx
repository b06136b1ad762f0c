import { render } from 'preact';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/components.css';
import './styles/agents.css';
import './styles/try.css';
import { App } from './app/app.tsx';
import { enter } from './app/session.ts';

// A file that is dropped where nothing takes it is not opened in place of the page.
for (const type of ['dragover', 'drop']) addEventListener(type, (event) => event.preventDefault());

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
void enter();
