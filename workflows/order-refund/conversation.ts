export const REASONS = ['damaged', 'wrong item', 'not arrived', 'changed mind', 'other'] as const;

export type Reason = (typeof REASONS)[number];

/** What the conversation gathered so far. */
export interface Request {
  orderNumber?: string;
  reason?: Reason;
  confirmed?: boolean;
}

// In the order of trust: "never arrived, so I don't need it any more" is about the arrival.
const SIGNS: [Reason, RegExp][] = [
  [
    'damaged',
    /\b(damage[ds]?|broken?|broke|defect(ive)?|faulty|crack(ed)?|scratch(ed)?|smashed|torn|not work(ing)?|doesn['’]?t work)\b/i,
  ],
  [
    'not arrived',
    /\b((never|not|hasn['’]?t|didn['’]?t|did not|has not)( yet)? (arrived?|come|came|delivered|received?|get it|got it)|missing|lost)\b/i,
  ],
  ['wrong item', /\b(wrong|different (item|one|colou?r|size)|not what i ordered|mistaken)\b/i],
  [
    'changed mind',
    /\b(chang(ed?|ing) (my|our|your)? ?mind|(no longer|don['’]?t|do not|not) (want|need|like)(ed)?|too (big|small|large)|(does|do)(n['’]?t| not) fit|regret)\b/i,
  ],
];

/** "ORD-1001", "order 1001" or "#1001". A number of another length is none of ours. */
export function readOrderNumber(text: string): string | undefined {
  const match = /(?<![\p{L}\d])(?:ORD[-\s]?|#)?(\d{4})(?![\d]|[.,]\d)/iu.exec(text);
  return match ? `ORD-${match[1]}` : undefined;
}

export function readReason(text: string): Reason | undefined {
  const exact = REASONS.find((reason) => reason === text.trim().toLowerCase());
  return exact ?? SIGNS.find(([, sign]) => sign.test(text))?.[0];
}

/** Adds what a message tells. What was understood once stays, except that an order number may be corrected. */
export function readMessage(request: Request, message: { text: string; data: unknown }): Request {
  const data = typeof message.data === 'object' && message.data !== null ? message.data : {};
  const given = data as Record<string, unknown>;
  const orderNumber = readOrderNumber(
    typeof given.orderNumber === 'string' ? given.orderNumber : message.text,
  );
  const reason =
    REASONS.find((known) => known === given.reason) ?? request.reason ?? readReason(message.text);
  return {
    ...request,
    ...(orderNumber === undefined ? {} : { orderNumber }),
    ...(reason === undefined ? {} : { reason }),
    ...(given.confirmed === true ? { confirmed: true } : {}),
  };
}
