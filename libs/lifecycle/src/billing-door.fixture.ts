import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  idempotencyKey: string;
  question: { leaseId: string; tenantId: string; identifier: string };
}

export type Answering = (asked: Asked, response: ServerResponse) => Promise<void> | void;

/** A billing service that a test answers for: what happens before an answer, and what it is. */
export interface BillingDoor {
  url: string;
  asked: Asked[];
  answer: (with_: Answering) => void;
  close: () => Promise<void>;
}

export const approving = ({ idempotencyKey }: Asked, response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ approved: true, reference: `R-${idempotencyKey}` }));
};

export async function openBillingDoor(): Promise<BillingDoor> {
  const asked: Asked[] = [];
  let answering: Answering = approving;
  const server = createServer((request, response) => {
    void questionIn(request).then((question) => {
      const each = { idempotencyKey: String(request.headers['idempotency-key']), question };
      asked.push(each);
      return answering(each, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer: (with_) => (answering = with_),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function questionIn(request: IncomingMessage): Promise<Asked['question']> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text) as Asked['question'];
}
