/** What needs a host and nothing of its own: one serves them all. */
import './one-host/errors.ts';
import './one-host/official-client.ts';
import './one-host/repetition.ts';
