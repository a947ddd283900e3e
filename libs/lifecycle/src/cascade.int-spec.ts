import { brokenInvariants, leaseMany } from '@numbering/testing';
import { Cascade } from './cascade';
import { HoldNumber } from './hold-number';
import { LeaseNumber } from './lease-number';
import { isRefused } from './outcome';
import { OverrideQuarantine } from './override-quarantine';
import { RecallNumber } from './recall-number';
import { ReinstateTenant } from './reinstate-tenant';
import { ReleaseNumber } from './release-number';
import { ReserveNumber } from './reserve-number';
import { SetQuotas } from './set-quotas';
import { SuspendLease } from './suspend-lease';
import { SuspendTenant } from './suspend-tenant';
import {
  adminCaller,
  answerOf,
  as,
  codeOf,
  openLedger,
  parsed,
  tenantCaller,
  termOf,
  type Ledger,
} from './testing';

/** More than two batches. */
const MANY = 450;
const ROUNDS = 12;
const CALLERS = 20;

describe('US-NUM-004 the cascade of a suspension', () => {
  let ledger: Ledger;
  const admin = as(adminCaller());
  /** The tenant of one test. */
  let mine: string;
  let tests = 0;
  beforeAll(async () => {
    ledger = await openLedger();
  });
  beforeEach(() => {
    mine = `tenant-${++tests}`;
  });
  afterAll(() => ledger.close());

  const rows = (sql: string, parameters: unknown[] = []) => ledger.source.query(sql, parameters);
  const run = (signal?: AbortSignal) => ledger.module.get(Cascade).run(signal);
  const suspend = async (tenantId: string, ticketId: string, cascade = true) =>
    answerOf(
      await ledger.module
        .get(SuspendTenant)
        .run(admin, tenantId, { ticketId, reason: 'fraud', cascade }),
    );
  const reinstate = async (tenantId: string) =>
    answerOf(await ledger.module.get(ReinstateTenant).run(admin, tenantId));
  const thirtyDays = { term: termOf('30d'), autoRenew: false, vanity: false };
  const reserve = (tenantId: string, number: string) =>
    ledger.module.get(ReserveNumber).run(as(tenantCaller(tenantId)), parsed(number));
  const lease = (tenantId: string, number: string) =>
    ledger.module
      .get(LeaseNumber)
      .run(as(tenantCaller(tenantId, 'numbering:lease:bypass')), parsed(number), {
        tenantId,
        ...thirtyDays,
      });
  const tenant = async (tenantId: string) =>
    (
      await rows(
        `SELECT status, cascade_pending, leased_msisdn FROM numbering.tenants WHERE tenant_id = $1`,
        [tenantId],
      )
    )[0];
  const statesOf = async (numbers: string[]): Promise<string[]> => {
    const found: { identifier: string; state: string }[] = await rows(
      'SELECT identifier, state FROM numbering.identifiers WHERE identifier = ANY ($1)',
      [numbers],
    );
    const states = new Map(found.map(({ identifier, state }) => [identifier, state]));
    return numbers.map((number) => states.get(number) ?? 'none');
  };
  const occupied = async (tenantId: string): Promise<number> =>
    (
      await rows(
        `SELECT count(*)::int AS n FROM numbering.leases
          WHERE tenant_id = $1 AND state IN ('RESERVED', 'HELD', 'LEASED', 'SUSPENDED')`,
        [tenantId],
      )
    )[0].n;
  /** How often each number was recalled, and told as recalled: once each, whoever worked on it. */
  const recallsOf = async (tenantId: string): Promise<{ recalls: number; events: number }[]> =>
    rows(
      `SELECT DISTINCT count(a.*)::int AS recalls,
              (SELECT count(*)::int FROM numbering.outbox o
                WHERE o.key = l.identifier AND o.topic = 'numbering.lease.recalled') AS events
         FROM numbering.leases l
         LEFT JOIN numbering.audit_log a ON a.lease_id = l.lease_id AND a.action = 'RECALL'
        WHERE l.tenant_id = $1
        GROUP BY l.lease_id, l.identifier`,
      [tenantId],
    );
  /** The cascade's audit rows with their events. */
  const told = () =>
    rows(
      `SELECT a.identifier, a.actor, a.action, a.reason, a.ticket_id, o.topic
         FROM numbering.audit_log a
         JOIN numbering.outbox o ON o.key = a.identifier AND o.version = a.version
        WHERE a.actor = 'system:cascade'
          AND a.tenant_id = $1
        ORDER BY a.identifier, a.version`,
      [mine],
    );
  const byCascade = { actor: 'system:cascade', ticket_id: 'T-1' };
  const recalledAs = (identifier: string) =>
    [
      { action: 'RECALL', topic: 'numbering.lease.recalled' },
      { action: 'QUARANTINE', topic: 'numbering.identifier.quarantined' },
    ].map((row) => ({ ...byCascade, identifier, reason: 'COMPLIANCE_SUSPENSION', ...row }));
  const releasedAs = (identifier: string) => ({
    ...byCascade,
    identifier,
    action: 'RELEASE',
    reason: 'TENANT_SUSPENDED',
    topic: 'numbering.reservation.released',
  });
  /** A signal that is aborted after so many batches. */
  const after = (batches: number): AbortSignal => {
    let looks = 0;
    return {
      get aborted() {
        return looks++ >= batches;
      },
    } as AbortSignal;
  };

  it('recalls leases and releases claims under the one ticket, and leaves other tenants alone', async () => {
    const numbers = await ledger.numbers(6);
    const [leased = '', stopped = '', reserved = '', held = '', lapsed = '', theirs = ''] = numbers;
    for (const number of [leased, stopped]) answerOf(await lease(mine, number));
    answerOf(
      await ledger.module.get(SuspendLease).run(admin, parsed(stopped), { reason: 'checked' }),
    );
    for (const number of [reserved, held, lapsed]) answerOf(await reserve(mine, number));
    answerOf(await ledger.module.get(HoldNumber).run(as(tenantCaller(mine)), parsed(held)));
    await rows(`UPDATE numbering.leases SET expires_at = clock_timestamp() WHERE identifier = $1`, [
      lapsed,
    ]);
    answerOf(await lease('theirs', theirs));
    await suspend(mine, 'T-1');
    expect(await run()).toEqual({ scanned: 5, changed: 5, failed: 0 });
    expect(await statesOf(numbers)).toEqual([
      'QUARANTINE',
      'QUARANTINE',
      'AVAILABLE',
      'AVAILABLE',
      'AVAILABLE',
      'LEASED',
    ]);
    expect(await tenant(mine)).toEqual({
      status: 'SUSPENDED',
      cascade_pending: false,
      leased_msisdn: 0,
    });
    expect(await told()).toEqual([
      ...[leased, stopped].flatMap(recalledAs),
      ...[reserved, held].map(releasedAs),
      { ...releasedAs(lapsed), action: 'TTL_EXPIRE', reason: 'TTL_EXPIRED', ticket_id: null },
    ]);
    expect(await run()).toEqual({ scanned: 0, changed: 0, failed: 0 });
  });

  it('lets nobody override who had the tenant suspended', async () => {
    const [number = ''] = await ledger.numbers(1);
    answerOf(await lease(mine, number));
    await suspend(mine, 'T-1');
    await run();
    const override = (sub: string) =>
      ledger.module
        .get(OverrideQuarantine)
        .run(as(adminCaller(sub)), parsed(number), 'suspended by mistake');
    expect(codeOf(await override('admin-1'))).toBe('SELF_BYPASS_FORBIDDEN');
    answerOf(await override('officer-2'));
    await reinstate(mine);
    expect(codeOf(await reserve(mine, number))).toBe('SELF_BYPASS_FORBIDDEN');
  });

  it('recalls nothing of a suspension without cascade, and gives everything back', async () => {
    const [number = '', other = ''] = await ledger.numbers(2);
    answerOf(await lease(mine, number));
    await suspend(mine, 'T-1', false);
    expect(await run()).toEqual({ scanned: 0, changed: 0, failed: 0 });
    expect(codeOf(await reserve(mine, other))).toBe('TENANT_SUSPENDED');
    await reinstate(mine);
    expect(await statesOf([number])).toEqual(['LEASED']);
    answerOf(await reserve(mine, other));
  });

  it('works on two tenants in turn, by two workers, and recalls each lease once', async () => {
    const numbers: string[] = [];
    for (const tenantId of ['first', 'second']) {
      const theirs = await ledger.numbers(MANY);
      numbers.push(...theirs);
      await leaseMany(rows, tenantId, theirs);
      await suspend(tenantId, `T-${tenantId}`);
    }
    await run(after(2));
    const progress = await Promise.all(['first', 'second'].map(occupied));
    expect(progress).toEqual([MANY - 200, MANY - 200]);
    const done = await Promise.all([run(), run()]);
    expect(done[0].changed + done[1].changed).toBe(2 * (MANY - 200));
    for (const tenantId of ['first', 'second']) {
      // Whoever came to a batch that the other one held has left it to the next run.
      await run();
      expect(await tenant(tenantId)).toMatchObject({ cascade_pending: false, leased_msisdn: 0 });
      expect(await recallsOf(tenantId)).toEqual([{ recalls: 1, events: 1 }]);
    }
    expect(await brokenInvariants(rows, numbers)).toEqual([]);
  });

  it('is stopped by a reinstatement, and goes on under the ticket of the next suspension', async () => {
    await leaseMany(rows, mine, await ledger.numbers(MANY));
    await suspend(mine, 'T-1');
    await run(after(1));
    await reinstate(mine);
    expect(await run()).toEqual({ scanned: 0, changed: 0, failed: 0 });
    expect(await occupied(mine)).toBe(MANY - 200);
    await suspend(mine, 'T-2');
    expect(await run()).toMatchObject({ changed: MANY - 200 });
    const tickets = await rows(
      `SELECT ticket_id, count(*)::int AS n FROM numbering.audit_log
        WHERE action = 'RECALL' AND tenant_id = $1 GROUP BY 1 ORDER BY 1`,
      [mine],
    );
    expect(tickets).toEqual([
      { ticket_id: 'T-1', n: 200 },
      { ticket_id: 'T-2', n: MANY - 200 },
    ]);
    expect(await recallsOf(mine)).toEqual([{ recalls: 1, events: 1 }]);
  });

  it('recalls nothing after a reinstatement that comes in its middle', async () => {
    await leaseMany(rows, mine, await ledger.numbers(MANY));
    await suspend(mine, 'T-1');
    await Promise.all([run(), reinstate(mine)]);
    const late = await rows(
      `SELECT r.identifier
         FROM numbering.audit_log r, numbering.audit_log back
        WHERE r.action = 'RECALL' AND back.action = 'TENANT_REINSTATE' AND r.at > back.at
          AND r.tenant_id = $1 AND back.tenant_id = $1`,
      [mine],
    );
    expect(late).toEqual([]);
    const { leased_msisdn: counted } = await tenant(mine);
    expect(counted).toBe(await occupied(mine));
  });

  it(`lets none of ${CALLERS} claims survive that are in flight while the tenant is suspended`, async () => {
    const quotas = { MSISDN: 500, SHORT_CODE: null, ALPHA: null, maxHolds: null };
    const own = { ...quotas, maxActiveReservations: 500 };
    for (let round = 0; round < ROUNDS; round++) {
      const tenantId = `raced-${round}`;
      answerOf(await ledger.module.get(SetQuotas).run(admin, tenantId, own));
      const numbers = await ledger.numbers(CALLERS);
      const claims = numbers.map((number, i) =>
        i % 2 === 0 ? reserve(tenantId, number) : lease(tenantId, number),
      );
      const [, ...outcomes] = await Promise.all([
        suspend(tenantId, `T-${round}`).then(() => run()),
        ...claims,
      ]);
      for (const outcome of outcomes) {
        if (isRefused<unknown>(outcome)) expect(codeOf(outcome)).toBe('TENANT_SUSPENDED');
      }
      await run();
      expect(await tenant(tenantId)).toMatchObject({ cascade_pending: false, leased_msisdn: 0 });
      expect(await occupied(tenantId)).toBe(0);
      expect(await brokenInvariants(rows, numbers)).toEqual([]);
    }
  });

  it('makes one of a recall, a release and a suspension that meet', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const tenantId = `met-${round}`;
      const numbers = await ledger.numbers(CALLERS);
      const [reserved, others] = [numbers.slice(0, 5), numbers.slice(5)];
      await leaseMany(rows, tenantId, others);
      for (const number of reserved) answerOf(await reserve(tenantId, number));
      const recall = ledger.module.get(RecallNumber);
      const ask = { reason: 'NON_PAYMENT', actorId: 'admin-1' } as const;
      const release = ledger.module.get(ReleaseNumber);
      await Promise.all([
        suspend(tenantId, `T-${round}`).then(() => run()),
        ...others.map((number) => recall.run(admin, parsed(number), ask)),
        ...reserved.map((number) => release.run(as(tenantCaller(tenantId)), parsed(number))),
      ]);
      await run();
      expect(await tenant(tenantId)).toMatchObject({ cascade_pending: false, leased_msisdn: 0 });
      expect(await brokenInvariants(rows, numbers)).toEqual([]);
      const ends: { n: number }[] = await rows(
        `SELECT count(*)::int AS n FROM numbering.audit_log
          WHERE tenant_id = $1 AND action IN ('RECALL', 'RELEASE') GROUP BY identifier`,
        [tenantId],
      );
      expect(ends).toEqual(numbers.map(() => ({ n: 1 })));
    }
  });

  it('leaves a number that somebody holds to the next run, and waits for nobody', async () => {
    const numbers = await ledger.numbers(3);
    await leaseMany(rows, mine, numbers);
    await suspend(mine, 'T-1');
    const somebody = ledger.source.createQueryRunner();
    await somebody.startTransaction();
    await somebody.query('SELECT 1 FROM numbering.identifiers WHERE identifier = $1 FOR UPDATE', [
      numbers[1],
    ]);
    expect(await run()).toEqual({ scanned: 2, changed: 2, failed: 0 });
    expect(await tenant(mine)).toMatchObject({ cascade_pending: true, leased_msisdn: 1 });
    await somebody.commitTransaction();
    await somebody.release();
    expect(await run()).toEqual({ scanned: 1, changed: 1, failed: 0 });
    expect(await tenant(mine)).toMatchObject({ cascade_pending: false });
  });

  it('tells of a row that contradicts itself, takes all others, and does not try it again at once', async () => {
    const numbers = await ledger.numbers(MANY);
    await leaseMany(rows, mine, numbers);
    const [free, bare] = numbers;
    await rows(`UPDATE numbering.identifiers SET state = 'AVAILABLE' WHERE identifier = $1`, [
      free,
    ]);
    await rows(`UPDATE numbering.leases SET term = NULL WHERE identifier = $1`, [bare]);
    await suspend(mine, 'T-1');
    expect(await run()).toEqual({ scanned: MANY, changed: MANY - 2, failed: 2 });
    expect(await tenant(mine)).toMatchObject({ cascade_pending: true, leased_msisdn: 2 });
    expect(await run()).toEqual({ scanned: 0, changed: 0, failed: 0 });
  });

  it('is kept from no number by one that cannot be written', async () => {
    const numbers = await ledger.numbers(5);
    await leaseMany(rows, mine, numbers);
    // The tenant's counter would fall below nothing with the last of them.
    await rows(`UPDATE numbering.tenants SET leased_msisdn = 4 WHERE tenant_id = $1`, [mine]);
    await suspend(mine, 'T-1');
    expect(await run()).toEqual({ scanned: 5, changed: 4, failed: 1 });
    expect(await statesOf(numbers)).toEqual([
      ...Array.from({ length: 4 }, () => 'QUARANTINE'),
      'LEASED',
    ]);
  });
});
