import {
  eventually,
  mintToken,
  RestCaller,
  ValidatorClient,
  type Answer,
} from '@numbering/testing';
import { openOwnStack, type OwnStack } from './own-stack.fixture';
import { Redis } from 'ioredis';

const [HOLDER, NEXT] = ['holder', 'next'];
const TENANT_SCOPES = 'numbering:read numbering:write';
const NUMBERS = Array.from({ length: 12 }, (_, i) => `+9379${String(i).padStart(7, '0')}`);
const RESERVE_TTL_S = 900;

/** Four apps are started, one of them twice. */
jest.setTimeout(120_000);

describe('US-NUM-008 claims without a worker, then without Redis', () => {
  const left = [...NUMBERS];
  let own: OwnStack;
  let holder: RestCaller;
  let next: RestCaller;
  beforeAll(async () => {
    // The sweep alone frees anything, and soon: what else is right must be so without it.
    own = await openOwnStack({
      settings: { RELEASE_ALARMS: 'redis,sweep', SWEEP_RESERVATIONS_EVERY: '1s' },
    });
    const tokenOf = (tenant: string, more = '') =>
      mintToken({ tenant, sub: `user-${tenant}`, scope: TENANT_SCOPES + more });
    holder = new RestCaller(own.api.url, await tokenOf(HOLDER));
    next = new RestCaller(own.api.url, await tokenOf(NEXT, ' numbering:lease:bypass'));
    const identifiers = NUMBERS.map((identifier) => ({ identifier }));
    const made = await own.admin.post('/v1/admin/numbering/identifiers', { identifiers });
    expect(made.status).toBe(200);
  });
  afterAll(() => own.close());

  const at = (number: string) => `/v1/numbers/${encodeURIComponent(number)}`;
  const ok = async (asked: Promise<Answer>): Promise<Record<string, unknown>> => {
    const { status, body } = await asked;
    if (status >= 300) throw new Error(`${status}: ${JSON.stringify(body)}`);
    return body;
  };
  const told = async (asked: Promise<Answer>) => {
    const { status, body } = await asked;
    return [status, body.code, body.state];
  };
  const lapse = (number: string) =>
    own.sql(
      `UPDATE numbering.leases SET expires_at = clock_timestamp()
        WHERE identifier = $1 AND state IN ('RESERVED', 'HELD')`,
      [number],
    );
  const stateOf = (number: string) =>
    own.sql(
      `SELECT i.state AS of_identifier, l.state
         FROM numbering.identifiers i JOIN numbering.leases l USING (identifier)
        WHERE identifier = $1 ORDER BY l.claimed_at DESC LIMIT 1`,
      [number],
    );
  const historyOf = (number: string) =>
    own.sql(
      `SELECT a.version, a.action, a.tenant_id, a.actor, a.lease_id, o.topic,
              o.payload->'data'->>'reason' AS reason, o.payload->'data'->>'leaseId' AS told_lease_id
         FROM numbering.audit_log a
         JOIN numbering.outbox o ON o.key = a.identifier AND o.version = a.version
        WHERE identifier = $1 ORDER BY a.version`,
      [number],
    );
  async function claimed(kind: 'reserve' | 'hold'): Promise<{ number: string; leaseId: string }> {
    const number = left.pop() ?? '';
    const { leaseId } = await ok(holder.on(number, 'reserve'));
    if (kind === 'hold') await ok(holder.on(number, 'hold'));
    return { number, leaseId: String(leaseId) };
  }

  describe('the worker is dead', () => {
    beforeAll(() => own.worker.kill());

    it.each(['reserve', 'hold'] as const)(
      'US-NUM-007 what was put by with %s and has lapsed counts as nobody’s in every read at once',
      async (kind) => {
        const { number, leaseId } = await claimed(kind);
        const held = await ok(own.admin.get(at(number)));
        await lapse(number);
        const seen = { state: 'AVAILABLE', ownedByCaller: false };
        for (const caller of [holder, next, own.admin]) {
          const shown = await ok(caller.get(at(number)));
          expect(shown).toMatchObject(seen);
          for (const member of ['tenantId', 'leaseId', 'expiresAt'])
            expect(shown).not.toHaveProperty(member);
        }
        expect((await ok(holder.get('/v1/numbers'))).items).toEqual([]);
        expect(await ok(holder.get('/v1/quotas'))).toMatchObject({
          reservations: { current: 0 },
          holds: { current: 0 },
        });
        const history = `/v1/admin/numbers/${encodeURIComponent(number)}/history`;
        const [{ now } = { now: new Date() }] = await own.sql<{ now: Date }>(
          'SELECT clock_timestamp() AS now',
        );
        expect(await ok(own.admin.get(`${history}?at=${now.toISOString()}`))).toMatchObject({
          state: 'AVAILABLE',
        });
        const [claim] = await own.sql<{ since: Date }>(
          `SELECT max(at) AS since FROM numbering.audit_log WHERE identifier = $1`,
          [number],
        );
        const then = claim?.since.toISOString() ?? '';
        expect(await ok(own.admin.get(`${history}?at=${then}`))).toMatchObject({
          ...{ state: held.state, tenantId: HOLDER, leaseId },
        });
        const [validator] = own.validators;
        const client = new ValidatorClient(validator?.grpc ?? '', own.validatorToken);
        for (const tenant of [HOLDER, NEXT]) {
          const verdict = { valid: false, reason: 'NOT_LEASED' };
          expect(await client.ask(number, tenant)).toMatchObject(verdict);
        }
        client.close();
      },
    );

    it('US-NUM-008 nobody can hold, release or lease it, its tenant neither; nothing is written', async () => {
      const { number } = await claimed('reserve');
      await lapse(number);
      const terms = (tenantId: string) => ({ tenantId, term: '30d', autoRenew: false });
      const before = await historyOf(number);
      for (const caller of [holder, next]) {
        for (const command of ['hold', 'release']) {
          expect(await told(caller.on(number, command))).toEqual([
            ...[409, 'INVALID_STATE', 'AVAILABLE'],
          ]);
        }
      }
      expect(await told(holder.on(number, 'lease', terms(HOLDER)))).toEqual([
        ...[409, 'RESERVATION_REQUIRED', 'AVAILABLE'],
      ]);
      expect(await historyOf(number)).toEqual(before);
    });

    it.each<[string, (number: string) => Promise<Answer>, string]>([
      ['a reservation', (number) => next.on(number, 'reserve'), 'RESERVE'],
      [
        'a reservation of many',
        (number) => next.post('/v1/numbers/reservations', { identifiers: [number] }),
        'RESERVE',
      ],
      [
        'a lease by bypass',
        (number) => next.on(number, 'lease', { tenantId: NEXT, term: '30d', autoRenew: false }),
        'LEASE',
      ],
    ])(
      'US-NUM-007 %s by another tenant ends it first, with its own row and event',
      async (_what, take, action) => {
        const { number, leaseId } = await claimed('hold');
        await lapse(number);
        await ok(take(number));
        const rows = await historyOf(number);
        const released = 'numbering.reservation.released';
        expect(rows.slice(2)).toMatchObject([
          {
            ...{ version: 4, action: 'TTL_EXPIRE', tenant_id: HOLDER, lease_id: leaseId },
            ...{ topic: released, reason: 'TTL_EXPIRED', told_lease_id: leaseId },
          },
          { version: 5, action, tenant_id: NEXT, actor: `user-${NEXT}` },
        ]);
        expect(rows).toHaveLength(4);
        if (action === 'RESERVE') expect(await ttlOf(number)).toBeGreaterThan(RESERVE_TTL_S - 20);
        else expect(await ttlOf(number)).toBeLessThan(0);
      },
    );

    it('US-NUM-007 its tenant may reserve it anew, as another claim', async () => {
      const { number, leaseId } = await claimed('reserve');
      await lapse(number);
      const anew = await ok(holder.on(number, 'reserve'));
      expect(anew.leaseId).not.toBe(leaseId);
      await ok(holder.on(number, 'release'));
    });
  });

  async function ttlOf(number: string): Promise<number> {
    const redis = new Redis(own.redis.url);
    const seconds = await redis.ttl(`num:reserve:${number}`);
    redis.disconnect();
    return seconds;
  }

  it('US-NUM-010 the worker that comes back tells each end once', async () => {
    await own.worker.start();
    await eventually(async () =>
      expect(
        await own.sql(
          `SELECT 1 FROM numbering.leases
            WHERE state IN ('RESERVED', 'HELD') AND expires_at <= clock_timestamp()`,
        ),
      ).toEqual([]),
    );
    const twice = await own.sql(
      `SELECT payload->'data'->>'leaseId' AS lease_id FROM numbering.outbox
        WHERE topic = 'numbering.reservation.released' GROUP BY 1 HAVING count(*) <> 1`,
    );
    expect(twice).toEqual([]);
  });

  it('US-NUM-008 Redis is dead: claims go on, their rows remain, and the sweep releases them', async () => {
    await own.redis.kill();
    const kept = await claimed('hold');
    const { number, leaseId } = await claimed('hold');
    const given = await claimed('reserve');
    expect(await ok(holder.on(given.number, 'release'))).toMatchObject({ state: 'AVAILABLE' });
    expect(await stateOf(number)).toEqual([{ of_identifier: 'HELD', state: 'HELD' }]);
    await lapse(number);
    await eventually(async () =>
      expect(await stateOf(number)).toEqual([{ of_identifier: 'AVAILABLE', state: 'TTL_EXPIRED' }]),
    );
    expect((await historyOf(number)).at(-1)).toMatchObject({
      ...{ version: 4, action: 'TTL_EXPIRE', actor: 'system:release', lease_id: leaseId },
      ...{ topic: 'numbering.reservation.released', reason: 'TTL_EXPIRED' },
    });
    expect(await stateOf(kept.number)).toEqual([{ of_identifier: 'HELD', state: 'HELD' }]);
  });
});
