import { brokenInvariants, random } from '@numbering/testing';
import { HoldNumber } from './hold-number';
import { LeaseNumber } from './lease-number';
import { OverrideQuarantine } from './override-quarantine';
import { isRefused, type Outcome } from './outcome';
import { RecallNumber } from './recall-number';
import { ReleaseDueClaims } from './release-due-claims';
import { ReleaseNumber } from './release-number';
import { ReserveNumber } from './reserve-number';
import { ReserveNumbers } from './reserve-numbers';
import { ResumeLease } from './resume-lease';
import { SetQuotas } from './set-quotas';
import { SuspendLease } from './suspend-lease';
import {
  adminCaller,
  answerOf,
  as,
  openLedger,
  parsed,
  tenantCaller,
  termOf,
  type Ledger,
} from './testing';

const ROUNDS = 500;
const COMMANDS_A_ROUND = 6;
const TENANTS = ['round-a', 'round-b', 'round-c'];
/** Small enough that rounds run into it. */
const RESERVATION_QUOTA = 2;
const LEASE_QUOTA = 2;

/** A seed of one's own replays a run: SEED=… */
const SEED = Number(process.env.SEED ?? 20260601);

describe(`${ROUNDS} rounds of concurrent commands on few numbers, seed ${SEED}`, () => {
  let ledger: Ledger;
  let numbers: string[];
  const answers: { what: string; number: string; outcome: Outcome<unknown> }[] = [];
  const rows = (sql: string, parameters: unknown[] = []) => ledger.source.query(sql, parameters);

  beforeAll(async () => {
    ledger = await openLedger();
    numbers = await ledger.numbers(6);
    const quotas = { MSISDN: LEASE_QUOTA, SHORT_CODE: null, ALPHA: null, maxHolds: null };
    for (const tenantId of TENANTS) {
      answerOf(
        await ledger.module.get(SetQuotas).run(as(adminCaller()), tenantId, {
          ...quotas,
          maxActiveReservations: RESERVATION_QUOTA,
        }),
      );
    }
    const pick = random(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      if (pick(4) === 0) await lapseOne(pick);
      await Promise.all(Array.from({ length: COMMANDS_A_ROUND }, () => oneCommand(pick)));
      await withinQuotas();
    }
  }, 180_000);
  afterAll(() => ledger.close());

  async function oneCommand(pick: (below: number) => number): Promise<void> {
    const number = numbers[pick(numbers.length)] ?? '';
    const tenantId = TENANTS[pick(TENANTS.length)] ?? '';
    const { module } = ledger;
    const who = as(tenantCaller(tenantId));
    const admin = as(adminCaller());
    const it = parsed(number);
    const aside = { reason: 'round', ticketId: 'T-1' };
    const commands: [string, () => Promise<Outcome<unknown>>][] = [
      ['RESERVE', () => module.get(ReserveNumber).run(who, it)],
      ['RESERVE', () => module.get(ReserveNumber).run(who, it)],
      [
        'BULK',
        () => module.get(ReserveNumbers).run(who, { identifiers: numbers, atomic: pick(2) === 0 }),
      ],
      ['HOLD', () => module.get(HoldNumber).run(who, it)],
      ['RELEASE', () => module.get(ReleaseNumber).run(who, it)],
      [
        'LEASE',
        () =>
          module.get(LeaseNumber).run(who, it, {
            tenantId,
            term: termOf('30d'),
            autoRenew: false,
            vanity: false,
          }),
      ],
      [
        'RECALL',
        () =>
          module.get(RecallNumber).run(admin, it, {
            reason: 'NON_PAYMENT',
            actorId: 'admin-1',
          }),
      ],
      [
        'QUARANTINE_OVERRIDE',
        () =>
          module.get(OverrideQuarantine).run(as(adminCaller('admin-2')), it, 'rounds go on and on'),
      ],
      ['SUSPEND', () => module.get(SuspendLease).run(admin, it, aside)],
      ['RESUME', () => module.get(ResumeLease).run(admin, it, aside)],
    ];
    const [what, command] = commands[pick(commands.length)] ?? [];
    if (pick(8) === 0) await module.get(ReleaseDueClaims).run();
    if (what && command) answers.push({ what, number, outcome: await command() });
  }

  /** The owner may set any end: one claim ends now. Bars would else end the game for a tenant. */
  async function lapseOne(pick: (below: number) => number): Promise<void> {
    await rows(
      `UPDATE numbering.leases SET expires_at = clock_timestamp()
        WHERE identifier = $1 AND state IN ('RESERVED', 'HELD')`,
      [numbers[pick(numbers.length)]],
    );
    await rows('DELETE FROM numbering.recall_bars');
  }

  async function withinQuotas(): Promise<void> {
    const over = await rows(
      `SELECT tenant_id, count(*) FILTER (WHERE state IN ('RESERVED', 'HELD')
                                            AND expires_at > clock_timestamp()) AS claims,
              count(*) FILTER (WHERE state IN ('LEASED', 'SUSPENDED')) AS leases
         FROM numbering.leases GROUP BY tenant_id`,
    );
    for (const row of over) {
      expect(Number(row.claims)).toBeLessThanOrEqual(RESERVATION_QUOTA);
      expect(Number(row.leases)).toBeLessThanOrEqual(LEASE_QUOTA);
    }
  }

  it('won and lost often enough to mean something', () => {
    const won = answers.filter(({ outcome }) => !isRefused(outcome)).length;
    expect(answers).toHaveLength(ROUNDS * COMMANDS_A_ROUND);
    expect(won).toBeGreaterThan(ROUNDS / 2);
    expect(answers.length - won).toBeGreaterThan(ROUNDS / 2);
  });

  it('breaks no invariant', async () => {
    expect(await brokenInvariants(rows, numbers)).toEqual([]);
  });

  it('gave no answer that the database contradicts', async () => {
    const audits: { action: string; n: number }[] = await rows(
      `SELECT action, count(*)::integer AS n FROM numbering.audit_log
        WHERE identifier IS NOT NULL GROUP BY action`,
    );
    const written = new Map(audits.map(({ action, n }) => [action, n]));
    const wonBy = (what: string) =>
      answers.filter((each) => each.what === what && !isRefused(each.outcome)).length;
    const bulk = answers.flatMap(({ what, outcome }) =>
      what === 'BULK' && !isRefused(outcome)
        ? (outcome.answer as { items: { status: string }[] }).items
        : [],
    );
    const reserved = bulk.filter(({ status }) => status === 'reserved').length;
    expect(written.get('RESERVE')).toBe(wonBy('RESERVE') + reserved);
    for (const what of [
      'HOLD',
      'RELEASE',
      'LEASE',
      'RECALL',
      'QUARANTINE_OVERRIDE',
      'SUSPEND',
      'RESUME',
    ]) {
      expect([what, written.get(what) ?? 0]).toEqual([what, wonBy(what)]);
    }
  });
});
