export type Answer = { meaning: 'yes' | 'no' | 'unclear'; comment?: string };

const YES = 'yes|yep|yeah|y|ok|okay|sure|approved?|accepted?|accept|agreed?|confirm(?:ed)?|go ahead|granted?';
const NO =
  "no|nope|n|reject(?:ed)?|declined?|den(?:y|ied)|refused?|disapproved?|not approved|do not|don[’']?t|stop";

// The answer must open the text: "unable to approve" holds a yes-word and is none.
const OPENING = new RegExp(
  `^(?:(?:please|i|we|i am|it is|this is|hereby)\\s+)*(?:(?<no>${NO})|(?<yes>${YES}))(?![\\p{L}\\d])[\\s,.;:!–—-]*(?<rest>.*)$`,
  'isu',
);
const CONDITION = /\b(if|unless|but|only|except|once|when|after|until|not|half)\b|\?/i;

/**
 * Reads a person's yes or no. Anything with a condition, a question or a second thought in it is unclear:
 * where money moves, asking once more is cheaper than guessing.
 */
export function readAnswer(text: string): Answer {
  const match = OPENING.exec(text.trim());
  if (!match?.groups) return { meaning: 'unclear' };
  const { no, rest = '' } = match.groups;
  if (no === undefined && CONDITION.test(rest)) return { meaning: 'unclear' };
  if (
    no !== undefined &&
    new RegExp(`^(?:${YES})(?![\\p{L}\\d])`, 'iu').test(rest) &&
    !/^(do not|don)/i.test(no)
  ) {
    return { meaning: 'unclear' };
  }
  const comment = rest.trim();
  return { meaning: no === undefined ? 'yes' : 'no', ...(comment === '' ? {} : { comment }) };
}

/** The same from a message: its data part `{ approved, comment? }` where it has one, else its text. */
export function answerOf(message: { text: string; data: unknown }): Answer {
  const { data } = message;
  if (typeof data === 'object' && data !== null && 'approved' in data && typeof data.approved === 'boolean') {
    const comment = 'comment' in data && typeof data.comment === 'string' ? data.comment.trim() : '';
    return { meaning: data.approved ? 'yes' : 'no', ...(comment === '' ? {} : { comment }) };
  }
  return readAnswer(message.text);
}
