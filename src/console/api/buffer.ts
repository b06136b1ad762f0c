import { base64Of, bytesOf } from './base64.ts';

/** What the A2A SDK's codecs use of Node's Buffer: without it they can neither send nor read a file in a browser. */
class Bytes extends Uint8Array {
  override toString(): string {
    return base64Of(this);
  }
}

Object.assign(globalThis, {
  Buffer: {
    /** Of base64, or of bytes; and back again by `toString('base64')`. */
    from: (value: string | ArrayLike<number>): Bytes =>
      new Bytes(typeof value === 'string' ? bytesOf(value) : Uint8Array.from(value)),
    isBuffer: (value: unknown): boolean => value instanceof Bytes,
  },
});
