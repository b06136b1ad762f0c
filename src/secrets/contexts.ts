/** What secrets on record belong to: for that alone each can be opened. */

export const authContextSecret = ({ id, providerId }: { id: string; providerId: string }): string =>
  `auth-context/${providerId}/${id}`;

/** A call's own credential, while its receipt is running. */
export const receiptSecret = (receiptId: string): string => `receipt/${receiptId}`;

export const pushConfigSecret = (key: string): string => `push-config/${key}`;
