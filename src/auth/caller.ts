/** Who calls. Everything a caller makes belongs to it, and exists for nobody else. */
export interface Caller {
  id: string;
}

/** The caller on a host that listens on loopback only and knows no credentials. */
export const LOCAL_CALLER: Caller = { id: 'local' };
