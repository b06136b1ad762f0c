import { signal } from '@preact/signals';

/** What the page shows the host with every request. It lives as long as the tab. */
export interface Credential {
  /** An API key or an access token. */
  token: string;
}

const KEY = 'console.credential';

/** Whether it can stand in a header: no key or token has more than the visible characters of ASCII (RFC 6750 §2.1). */
export const isSendable = (token: string): boolean => /^[\x21-\x7e]+$/.test(token);

function kept(): Credential | undefined {
  const text = sessionStorage.getItem(KEY);
  return text === null || !isSendable(text) ? undefined : { token: text };
}

export const credential = signal<Credential | undefined>(kept());

/** How often the host has said that it does not know the caller. */
export const refusals = signal(0);

export function keep(given: Credential): void {
  credential.value = given;
  sessionStorage.setItem(KEY, given.token);
}

export function forget(): void {
  credential.value = undefined;
  sessionStorage.removeItem(KEY);
}
