export async function returnsBytes(bytes: number): Promise<string> {
  return 'x'.repeat(bytes);
}

export async function takes(text: string): Promise<number> {
  return text.length;
}

export async function throwsBytes(bytes: number): Promise<void> {
  throw new Error('y'.repeat(bytes));
}
