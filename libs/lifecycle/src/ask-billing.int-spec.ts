import { setTimeout as pause } from 'node:timers/promises';
import type { RenewalQuestion } from '@numbering/contracts';
import { loadConfig } from '@numbering/platform';
import { AskBilling, QUESTIONS_AT_ONCE, UNANSWERED_OF_TENANT } from './ask-billing';
import { approving, openBillingDoor, type BillingDoor } from './billing-door.fixture';

const QUESTION: RenewalQuestion = {
  leaseId: 'l-1',
  tenantId: 't-1',
  identifier: '+93790000001',
  identifierClass: 'MSISDN',
  vanity: false,
  term: '30d',
  effectiveFrom: '2026-06-01T12:00:00.000Z',
  effectiveUntil: '2026-07-01T12:00:00.000Z',
  price: null,
};

describe('what billing may answer', () => {
  let door: BillingDoor;
  beforeEach(async () => {
    door = await openBillingDoor();
  });
  afterEach(() => door.close());

  const billingAt = (url: string) =>
    new AskBilling(
      loadConfig(
        {
          DATABASE_URL: 'postgres://nobody@127.0.0.1/none',
          REDIS_URL: 'redis://127.0.0.1:1',
          BILLING_URL: url,
          LOG_LEVEL: 'silent',
        },
        'reservation-worker',
      ),
    );
  const ask = (key = 'k-1', signal?: AbortSignal) =>
    billingAt(door.url).run({ idempotencyKey: key, question: QUESTION }, signal);
  const saying = (status: number, text = '', headers: Record<string, string> = {}) =>
    door.answer((_, response) => {
      response.writeHead(status, headers);
      response.end(text);
    });

  it('asks with the question and its key', async () => {
    expect(await ask('k-7')).toEqual({ kind: 'APPROVED', reference: 'R-k-7' });
    expect(door.asked).toEqual([{ idempotencyKey: 'k-7', question: QUESTION }]);
  });

  it.each([
    [200, '{"approved":true}', { kind: 'APPROVED', reference: null }, 1],
    [201, '{"approved":true,"reference":"R"}', { kind: 'APPROVED', reference: 'R' }, 1],
    [402, '{"approved":false,"reason":"INSUFFICIENT_FUNDS"}', { kind: 'REJECTED' }, 1],
    [402, '', { kind: 'REJECTED' }, 1],
    [200, '{"approved":false}', { kind: 'NONE' }, 3],
    [200, '<html>', { kind: 'NONE' }, 3],
    [204, '', { kind: 'NONE' }, 3],
    [500, '', { kind: 'NONE' }, 3],
    [503, '{"approved":true}', { kind: 'NONE' }, 3],
    [429, '', { kind: 'NONE' }, 3],
    [400, '{"approved":false}', { kind: 'NONE' }, 1],
    [401, '', { kind: 'NONE' }, 1],
    [404, '', { kind: 'NONE' }, 1],
    [422, '', { kind: 'NONE' }, 1],
  ])('takes %i %s as %j, in %i tries', async (status, text, answer, tries) => {
    saying(status, text);
    expect(await ask()).toEqual(answer);
    expect(door.asked).toHaveLength(tries);
    expect(new Set(door.asked.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  });

  it('follows no redirection, and reads no answer without an end', async () => {
    saying(307, '', { location: 'http://127.0.0.1:1/elsewhere' });
    expect(await ask()).toEqual({ kind: 'NONE' });
    saying(200, ' '.repeat(200_000));
    expect(await ask()).toEqual({ kind: 'NONE' });
    expect(door.asked).toHaveLength(2);
  });

  it('hears an answer at the second try', async () => {
    door.answer((asked, response) =>
      door.asked.length === 1 ? void response.destroy() : approving(asked, response),
    );
    expect(await ask('k-1')).toEqual({ kind: 'APPROVED', reference: 'R-k-1' });
  });

  it('is told when billing is away, and gives up at once when it is stopped', async () => {
    const call = { idempotencyKey: 'k-1', question: QUESTION };
    expect(await billingAt('http://127.0.0.1:1').run(call)).toEqual({ kind: 'NONE' });
    door.answer(() => undefined);
    const stopping = new AbortController();
    const stopped = ask('k-2', stopping.signal);
    while (door.asked.length === 0) await pause(5);
    stopping.abort();
    expect(await stopped).toEqual({ kind: 'NONE' });
    expect(door.asked).toHaveLength(1);
  });

  it('has no more questions on their way than it may', async () => {
    let [now, most] = [0, 0];
    door.answer(async (asked, response) => {
      most = Math.max(most, ++now);
      await pause(2);
      now--;
      approving(asked, response);
    });
    const billing = billingAt(door.url);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        billing.run({ idempotencyKey: `k-${i}`, question: QUESTION }),
      ),
    );
    expect(answers.every(({ kind }) => kind === 'APPROVED')).toBe(true);
    expect(most).toBeLessThanOrEqual(QUESTIONS_AT_ONCE);
    expect(most).toBeGreaterThan(1);
  });

  const questionsOf = (billing: AskBilling, tenantId: string, count: number) =>
    Array.from({ length: count }, (_, i) =>
      billing.run({ idempotencyKey: `${tenantId}-${i}`, question: { ...QUESTION, tenantId } }),
    );
  const triesOf = (tenantId: string) => {
    const tries = new Map<string, number>();
    for (const { idempotencyKey, question } of door.asked) {
      if (question.tenantId !== tenantId) continue;
      tries.set(idempotencyKey, (tries.get(idempotencyKey) ?? 0) + 1);
    }
    return [...tries.values()];
  };

  it('lets what it has against one tenant cost nobody else a renewal', async () => {
    door.answer((asked, response) => {
      if (asked.question.tenantId !== 'refused') return approving(asked, response);
      response.writeHead(500).end();
    });
    const billing = billingAt(door.url);
    const [refused, fine] = await Promise.all([
      Promise.all(questionsOf(billing, 'refused', 3 * UNANSWERED_OF_TENANT)),
      Promise.all(questionsOf(billing, 'fine', 60)),
    ]);
    expect(new Set(fine.map(({ kind }) => kind))).toEqual(new Set(['APPROVED']));
    expect(new Set(refused.map(({ kind }) => kind))).toEqual(new Set(['NONE']));
    // Whoever was asked for was asked for three times; those behind were spared.
    const tries = triesOf('refused');
    expect(new Set(tries)).toEqual(new Set([3]));
    expect(tries.length).toBeGreaterThanOrEqual(UNANSWERED_OF_TENANT);
    expect(tries.length).toBeLessThan(UNANSWERED_OF_TENANT + QUESTIONS_AT_ONCE);
    expect(billing.leftAloneForMs).toBe(0);
  });

  it('leaves billing alone once it answers nobody, and says for how long', async () => {
    saying(500);
    const billing = billingAt(door.url);
    const tenants = Array.from({ length: 8 }, (_, i) => `tenant-${i}`);
    await Promise.all(tenants.flatMap((each) => questionsOf(billing, each, UNANSWERED_OF_TENANT)));
    expect(billing.leftAloneForMs).toBeGreaterThan(0);
    const before = door.asked.length;
    await Promise.all(questionsOf(billing, 'another', 5));
    expect(door.asked).toHaveLength(before);
  });
});
