import { computed, effect, signal } from '@preact/signals';
import { ApiError } from '../api/api-error.ts';
import { request } from '../api/http.ts';
import { credential, forget, refusals } from './credential.ts';
import { isReturning, returnFromIssuer, type SignInSettings } from './oidc.ts';

/** What the host tells everybody who opens the page. */
export interface ConsoleSettings {
  version: string;
  /** Where to sign in, when the console is registered with an issuer. */
  sign_in: SignInSettings | null;
}

export interface Me {
  caller: string;
  how: 'local' | 'api-key' | 'bearer' | 'dpop';
  scopes: string[];
}

export type Session =
  | { state: 'starting' }
  | { state: 'signed-out'; refused?: string }
  | { state: 'failed'; error: unknown }
  | { state: 'in'; me: Me };

export const settings = signal<ConsoleSettings | undefined>(undefined);
export const session = signal<Session>({ state: 'starting' });

export type Scope = 'agents:read' | 'agents:invoke' | 'receipts:read' | 'admin';

const scopes = computed(() => (session.value.state === 'in' ? session.value.me.scopes : []));

/** Whether the caller may; what they may not do is not shown. */
export const may = (scope: Scope): boolean => scopes.value.includes(scope) || scopes.value.includes('admin');

/** Finds out who is calling; without a credential that is good, the sign-in is shown. */
export async function enter(): Promise<void> {
  try {
    settings.value ??= await request<ConsoleSettings>('console.json');
    const { sign_in } = settings.value;
    if (sign_in !== null && isReturning() && !(await returned(sign_in))) return;
    session.value = { state: 'in', me: await request<Me>('v1/me') };
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) session.value = { state: 'failed', error };
    else signOut(credential.value === undefined ? undefined : error.message);
  }
}

/** Whether the issuer let the person in; if not, they are told. */
async function returned(settings: SignInSettings): Promise<boolean> {
  try {
    await returnFromIssuer(settings);
    return true;
  } catch (error) {
    signOut(error instanceof Error ? error.message : String(error));
    return false;
  }
}

// A credential that ends while somebody is in, as when its key is revoked.
effect(() => {
  if (refusals.value > 0 && session.peek().state === 'in') void enter();
});

/** @param refused why, when nobody asked for it. */
export function signOut(refused?: string): void {
  forget();
  session.value = { state: 'signed-out', ...(refused === undefined ? {} : { refused }) };
}
