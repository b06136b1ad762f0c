/** The process that makes HTTP load. */
import { randomUUID } from 'node:crypto';
import { serveRequests } from '../child.ts';
import { closedLoop, type Slice } from './closed-loop.ts';
import { Connection, encode, FRESH_ID, type HttpRequest } from './connection.ts';
import { FRESH_PROOF, type ProofKey, proofMaker } from './proofs.ts';

export interface HttpLoad {
  /** Taken in turn; in each, the first FRESH_ID becomes another id every time. */
  requests: HttpRequest[];
  /** Client n makes the n-th request and no other. */
  oneEach?: boolean;
  /** Stands in every answer. */
  expect: string;
  /** FRESH_PROOF in a request becomes a proof of this key. */
  proof?: ProofKey;
  clients: number;
  ms: number;
}

serveRequests(async () => run);

async function run({ requests, oneEach = false, expect, proof, clients, ms }: HttpLoad): Promise<Slice> {
  const [first] = requests;
  if (first === undefined) throw new Error('no request');
  const encoded = requests.map(encode);
  const connections = await Promise.all(Array.from({ length: clients }, () => Connection.open(first.url)));
  const newProof = proof === undefined ? () => '' : proofMaker(proof);
  let next = 0;
  try {
    return await closedLoop({ clients, ms }, async (client) => {
      const template = encoded[(oneEach ? client : next++) % encoded.length] ?? '';
      const answer = await (connections[client] as Connection).ask(
        template.replace(FRESH_ID, newId).replace(FRESH_PROOF, newProof),
      );
      if (!answer.includes(expect)) throw new Error(`unexpected answer: ${answer.slice(0, 500)}`);
    });
  } finally {
    for (const connection of connections) connection.close();
  }
}

// Not randomUUID itself: replace() would hand it the match as its options.
const newId = (): string => randomUUID();
