const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Base64, RFC 4648 §4. Temporal's sandbox has neither Node's nor the browsers'. */
export function base64Of(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
    const bits = (first << 16) | (second << 8) | third;
    groups.push([18, 12, 6, 0].map((shift) => DIGITS[(bits >> shift) & 63]).join(''));
  }
  const padding = (3 - (bytes.length % 3)) % 3;
  const text = groups.join('');
  return text.slice(0, text.length - padding) + '='.repeat(padding);
}
