/** Has the browser save something as a file. */
export function save(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The browser has its own hold on it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export const saveJson = (name: string, value: unknown): void =>
  save(name, new Blob([`${JSON.stringify(value, null, 2)}\n`], { type: 'application/json' }));
