import { effect, signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';

const KEY = 'console.theme';
const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

const isTheme = (value: unknown): value is Theme => THEMES.some((theme) => theme === value);

function kept(): Theme {
  const value = localStorage.getItem(KEY);
  return isTheme(value) ? value : 'auto';
}

export const theme = signal<Theme>(kept());

/** As the device says, light, dark, and round again. */
export function nextTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'auto';
}

effect(() => {
  if (theme.value === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
  localStorage.setItem(KEY, theme.value);
});
