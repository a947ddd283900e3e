import { eventually } from '@numbering/testing';
import { Client } from 'pg';
import { HoldNumber } from './hold-number';
import { LeaseNumber } from './lease-number';
import { isRefused, type Outcome } from './outcome';
import { ReleaseNumber } from './release-number';
import { ReserveNumber } from './reserve-number';
import { SetQuotas } from './set-quotas';
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

describe('commands that share a transaction', () => {
  let ledger: Ledger;
  let reserve: ReserveNumber;
  beforeAll(async () => {
    ledger = await openLedger();
    reserve = ledger.module.get(ReserveNumber);
  });
  afterAll(() => ledger.close());

  const rows = (sql: string, parameters: unknown[] = []) => ledger.source.query(sql, parameters);
  const won = (outcomes: readonly Outcome<unknown>[]) =>
    outcomes.filter((o) => !isRefused(o)).length;
  const reserveAs = (tenantId: string) => (number: string) =>
    reserve.run(as(tenantCaller(tenantId)), parsed(number));
  /** Another process' transaction. */
  async function holding(sql: string, parameter: string, work: () => Promise<void>) {
    const other = new Client({ connectionString: ledger.database.url });
    await other.connect();
    try {
      await other.query('BEGIN');
      await other.query(sql, [parameter]);
      await work();
    } finally {
      await other.query('ROLLBACK').finally(() => other.end());
    }
  }

  it('counts what each of them takes: a quota of 7 gives 7 of 60, the database says so too', async () => {
    await ledger.module.get(SetQuotas).run(as(adminCaller()), 'seven', {
      ...{ MSISDN: null, SHORT_CODE: null, ALPHA: null, maxHolds: null },
      maxActiveReservations: 7,
    });
    const outcomes = await Promise.all((await ledger.numbers(60)).map(reserveAs('seven')));
    expect(won(outcomes)).toBe(7);
    const refused = outcomes.flatMap((o) => (isRefused(o) ? [o.refusal] : []));
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['RESERVATION_QUOTA']));
    expect(new Set(refused.map(({ members }) => members.current))).toEqual(new Set([7]));
    expect(
      await rows(`SELECT count(*)::integer AS n FROM numbering.leases WHERE tenant_id = 'seven'`),
    ).toEqual([{ n: 7 }]);
  });

  it('takes two commands on one number one after the other, in two transactions', async () => {
    const [number = ''] = await ledger.numbers(1);
    const who = as(tenantCaller('one-after-other'));
    const busy = (await ledger.numbers(5)).map(reserveAs('busy'));
    const [reserved, held, leased] = await Promise.all([
      reserve.run(who, parsed(number)),
      ledger.module.get(HoldNumber).run(who, parsed(number)),
      ledger.module.get(LeaseNumber).run(who, parsed(number), {
        ...{ tenantId: 'one-after-other', term: termOf('30d'), autoRenew: false, vanity: false },
      }),
    ]);
    await Promise.all(busy);
    const actions = [reserved, held, leased].map((o: Outcome<unknown>) =>
      isRefused(o) ? o.refusal.code : 'done',
    );
    const audit: { action: string; version: number }[] = await rows(
      `SELECT action, version FROM numbering.audit_log WHERE identifier = $1 ORDER BY version`,
      [number],
    );
    expect(audit).toHaveLength(actions.filter((each) => each === 'done').length);
    expect(audit.map(({ version }) => version)).toEqual(audit.map((_, i) => i + 2));
    expect(actions[0]).toBe('done');
  });

  it('lets nobody wait for a number that another transaction holds', async () => {
    const [held = '', ...free] = await ledger.numbers(6);
    let waiting: Promise<Outcome<unknown>> | undefined;
    await holding(
      'SELECT 1 FROM numbering.identifiers WHERE identifier = $1 FOR UPDATE',
      held,
      async () => {
        waiting = reserveAs('patient')(held);
        const others = await Promise.all(free.map(reserveAs('quick')));
        expect(won(others)).toBe(free.length);
        expect(await rows('SELECT 1 FROM numbering.leases WHERE identifier = $1', [held])).toEqual(
          [],
        );
      },
    );
    expect(answerOf((await waiting) as Outcome<{ state: string }>).state).toBe('RESERVED');
  });

  it('lets other tenants pass one whose row another transaction holds, and tells its own', async () => {
    const [number = '', ...free] = await ledger.numbers(4);
    answerOf(await reserveAs('stuck')((await ledger.numbers(1))[0] ?? ''));
    await holding(
      'SELECT 1 FROM numbering.tenants WHERE tenant_id = $1 FOR UPDATE',
      'stuck',
      async () => {
        const stuck = reserveAs('stuck')(number).then(
          () => 'answered',
          (error: Error) => error.name,
        );
        const others = await Promise.all(free.map(reserveAs('passing')));
        expect(won(others)).toBe(free.length);
        expect(await stuck).toBe('LockTimeout');
      },
    );
    expect(answerOf(await reserveAs('stuck')(number)).state).toBe('RESERVED');
  });

  it('does not let a row that contradicts itself fail others', async () => {
    const [broken = '', ...sound] = await ledger.numbers(8);
    await rows('RESET ROLE');
    const owner = new Client({ connectionString: ledger.database.url });
    await owner.connect();
    await owner.query(`UPDATE numbering.identifiers SET state = 'RESERVED' WHERE identifier = $1`, [
      broken,
    ]);
    await owner.end();
    const all = [...sound.slice(0, 3), broken, ...sound.slice(3)].map((number) =>
      reserveAs(`sound-${number}`)(number).then(
        (outcome) => (isRefused(outcome) ? outcome.refusal.code : 'done'),
        (error: Error) => error.message,
      ),
    );
    const outcomes = await Promise.all(all);
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(sound.length);
    expect(outcomes[3]).toContain(broken);
  });

  it('gives one claim to one key, however often it comes at once', async () => {
    const numbers = await ledger.numbers(3);
    const who = as(tenantCaller('repeats'), 'same-key');
    await Promise.all(numbers.map(reserveAs('else')));
    const [fresh = ''] = await ledger.numbers(1);
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, () => reserve.run(who, parsed(fresh))),
    );
    const first = outcomes.filter((o) => !isRefused(o) && !o.replayed);
    expect(first).toHaveLength(1);
    for (const outcome of outcomes) {
      if (isRefused(outcome)) expect(codeOf(outcome)).toBe('IDEMPOTENCY_IN_PROGRESS');
    }
    await eventually(async () => {
      const repeat = await reserve.run(who, parsed(fresh));
      expect(repeat.replayed).toBe(true);
    });
    expect(
      await rows('SELECT count(*)::integer AS n FROM numbering.audit_log WHERE identifier = $1', [
        fresh,
      ]),
    ).toEqual([{ n: 1 }]);
  });

  it('releases and reserves in turn, and each change has its version', async () => {
    const [number = ''] = await ledger.numbers(1);
    const release = ledger.module.get(ReleaseNumber);
    const tenants = ['turn-a', 'turn-b', 'turn-c'];
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        tenants.flatMap((tenantId) => {
          const who = as(tenantCaller(tenantId));
          return [reserve.run(who, parsed(number)), release.run(who, parsed(number))];
        }),
      );
    }
    const [{ gaps, occupants }] = await rows(
      `SELECT (SELECT count(*) FROM (SELECT version, lag(version) OVER (ORDER BY version) AS before
                                       FROM numbering.audit_log WHERE identifier = $1) v
                WHERE before IS NOT NULL AND version <> before + 1)::integer AS gaps,
              (SELECT count(*) FROM numbering.leases
                WHERE identifier = $1 AND state IN ('RESERVED', 'HELD'))::integer AS occupants`,
      [number],
    );
    expect(gaps).toBe(0);
    expect(occupants).toBeLessThanOrEqual(1);
  });
});
