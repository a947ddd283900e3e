import { randomUUID } from 'node:crypto';
import {
  eventually,
  mintToken,
  RestCaller,
  ValidatorClient,
  type Answer,
} from '@numbering/testing';
import { openOwnStack, type OwnStack } from './own-stack.fixture';

const NUMBERS = 60;
const WALKERS = 12;
const TENANT = 'killed';
/** One call, its repeats while an app is down included. */
const CALL_LIMIT_MS = 30_000;

/** Apps are started four times on the way. */
jest.setTimeout(180_000);

describe('kill -9 of any app in the middle of the walk', () => {
  const numbers = Array.from({ length: NUMBERS }, (_, i) => `+9379${String(i).padStart(7, '0')}`);
  let own: OwnStack;
  beforeAll(async () => {
    own = await openOwnStack();
  });
  afterAll(() => own.close());

  /** Asks until it is answered, under one key: what a caller does whose call was cut. */
  function untilAnswered(caller: RestCaller, number: string, action: string, body: object) {
    const key = { 'idempotency-key': randomUUID() };
    const again = new Set([500, 502, 503]);
    return eventually(
      async (): Promise<Answer> => {
        const answer = await caller.on(number, action, body, key);
        const isRunning = answer.body.code === 'IDEMPOTENCY_IN_PROGRESS';
        if (again.has(answer.status) || isRunning) throw new Error(`${answer.status}`);
        return answer;
      },
      { withinMs: CALL_LIMIT_MS },
    );
  }

  it('loses no acknowledged change and makes none twice', async () => {
    const { admin, api, worker, validators } = own;
    const [validator] = validators;
    if (!validator) throw new Error('no validator runs');
    const identifiers = numbers.map((identifier) => ({ identifier, operatorId: 'ROSHAN' }));
    expect(
      (await admin.put(`/v1/admin/numbering/tenants/${TENANT}`, { plan: 'premium' })).status,
    ).toBe(200);
    expect((await admin.post('/v1/admin/numbering/identifiers', { identifiers })).status).toBe(200);
    const scope = 'numbering:read numbering:write';
    const tenant = new RestCaller(
      api.url,
      await mintToken({ tenant: TENANT, sub: 'walker', scope }),
    );
    const terms = { tenantId: TENANT, term: '30d', autoRenew: false };
    const left = [...numbers];
    const statuses: number[][] = [];
    const walker = async () => {
      for (let number = left.pop(); number !== undefined; number = left.pop()) {
        const walked = [];
        for (const [action, body] of [
          ['reserve', {}],
          ['hold', {}],
          ['lease', terms],
        ] as const) {
          walked.push((await untilAnswered(tenant, number, action, body)).status);
        }
        statuses.push(walked);
      }
    };
    const walking = Promise.all(Array.from({ length: WALKERS }, walker));
    for (const app of [api, worker, validator.app, api]) {
      const before = left.length;
      await eventually(() => expect(left.length).toBeLessThan(Math.max(before - 3, 1)));
      await app.kill();
      await app.start();
    }
    await walking;
    expect(statuses).toEqual(numbers.map(() => [201, 200, 201]));

    const rows = await own.sql(
      `SELECT i.state, i.version,
              (SELECT count(*)::integer FROM numbering.leases l WHERE l.identifier = i.identifier) AS claims,
              (SELECT count(*)::integer FROM numbering.audit_log a WHERE a.identifier = i.identifier) AS audits,
              (SELECT count(*)::integer FROM numbering.outbox o WHERE o.key = i.identifier) AS events
         FROM numbering.identifiers i`,
    );
    expect(rows).toEqual(
      numbers.map(() => ({ state: 'LEASED', version: 4, claims: 1, audits: 3, events: 3 })),
    );
    const client = new ValidatorClient(validator.grpc, own.validatorToken);
    for (const number of numbers) {
      expect(await client.ask(number, TENANT)).toMatchObject({ valid: true });
    }
    client.close();
  });
});
