import { setTimeout as delay } from 'node:timers/promises';

/** A step that takes a while. */
export const step = (ms: number): Promise<void> => delay(ms);
