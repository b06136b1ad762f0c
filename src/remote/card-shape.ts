/** What a card must be like before anything is made of it: A2A v1.0 §4.4, or v0.3 §5.5. */
import { z } from 'zod';
import { checkValues } from '../web/json-values.ts';

/** What the record can keep, and what anybody would read. */
const words = z
  .string()
  .max(10_000)
  .regex(/^[^\0\p{Surrogate}]*$/u, 'is not well-formed text');
const named = words.min(1).max(1_000);
const address = words.max(2_000);
const list = <T extends z.ZodType>(of: T) => z.array(of).max(1_000).nullish();
const object = z.looseObject({});
const objects = z.record(z.string(), object).nullish();

/** The versions that there is a client for. */
const version = z.string().regex(/^(1\.0|0\.3)(\.\d+)?$/, 'is none that can be called; 1.0 and 0.3 are');

const interfaceOf = {
  url: address,
  protocolBinding: words.nullish(),
  transport: words.nullish(),
};

const skill = z.looseObject({
  id: named,
  name: named,
  description: words.nullish(),
  tags: list(words),
  examples: list(words),
});

const cardShape = z.looseObject({
  name: named,
  version: named,
  description: words.nullish(),
  url: address.nullish(),
  preferredTransport: words.nullish(),
  protocolVersion: version.nullish(),
  // An agent may offer versions to come beside those.
  supportedInterfaces: list(z.looseObject({ ...interfaceOf, protocolVersion: words.max(50).nullish() })),
  additionalInterfaces: list(z.looseObject(interfaceOf)),
  capabilities: z.looseObject({ extensions: list(object) }).nullish(),
  skills: list(skill),
  securitySchemes: objects,
  securityRequirements: list(z.looseObject({ schemes: objects })),
  security: list(object),
  // Its keys are fetched for each.
  signatures: z.array(object).max(10).nullish(),
  provider: object.nullish(),
  defaultInputModes: list(words),
  defaultOutputModes: list(words),
});

/** Whether there is a client for this version of the protocol; a card that names none is read as v0.3 or v1.0 by its shape. */
export const isCallable = (protocolVersion: string): boolean =>
  protocolVersion === '' || version.safeParse(protocolVersion).success;

/** What is wrong with a card, by its field; undefined when nothing is. */
export function cardProblem(card: unknown): string | undefined {
  const [issue] = cardShape.safeParse(card).error?.issues ?? [];
  if (issue !== undefined) {
    const field = issue.path.join('.');
    return field === '' ? 'the card is no JSON object' : `the card’s ${field}: ${issue.message}`;
  }
  try {
    checkValues(card, 'the card');
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
}
