import { randomUUID } from 'node:crypto';
import { alphaMatchKey } from '@numbering/domain';
import { eventually } from '@numbering/testing';
import type { Change } from './testing/ledger';
import { Rig, type Validator } from './testing/rig';

jest.setTimeout(60_000);

const OWN = 'tenant-own';
const OTHER = 'tenant-other';
const STOPPED = 'tenant-stopped';

/** Every reason of ruling 9, and what leads to it. */
const CASES: readonly [string, Change | undefined, string, string][] = [
  ['free', undefined, OWN, 'NOT_LEASED'],
  ['retired', { state: 'RETIRED' }, OWN, 'NOT_REGISTERED'],
  ['leased by the asker', { state: 'LEASED', tenantId: OWN }, OWN, ''],
  ['leased by another', { state: 'LEASED', tenantId: OTHER }, OWN, 'WRONG_TENANT'],
  ['reserved by another', { state: 'RESERVED', tenantId: OTHER }, OWN, 'WRONG_TENANT'],
  ['held by another', { state: 'HELD', tenantId: OTHER }, OWN, 'WRONG_TENANT'],
  ['suspended, another’s', { state: 'SUSPENDED', tenantId: OTHER }, OWN, 'WRONG_TENANT'],
  ['suspended', { state: 'SUSPENDED', tenantId: OWN }, OWN, 'LEASE_SUSPENDED'],
  ['tenant suspended', { state: 'LEASED', tenantId: STOPPED }, STOPPED, 'LEASE_SUSPENDED'],
  ['past its end', { state: 'LEASED', tenantId: OWN, endsInSeconds: -1 }, OWN, 'LEASE_EXPIRED'],
  [
    'past its end, another’s',
    { state: 'LEASED', tenantId: OTHER, endsInSeconds: -1 },
    OWN,
    'WRONG_TENANT',
  ],
  ['recalled', { state: 'QUARANTINE', cause: 'RECALL' }, OWN, 'LEASE_RECALLED'],
  ['expired', { state: 'QUARANTINE', cause: 'EXPIRY' }, OWN, 'LEASE_EXPIRED'],
  ['cooled down', { state: 'QUARANTINE', endsInSeconds: -1 }, OWN, 'NOT_LEASED'],
  ['reserved', { state: 'RESERVED', tenantId: OWN }, OWN, 'NOT_LEASED'],
  ['held', { state: 'HELD', tenantId: OWN }, OWN, 'NOT_LEASED'],
  ['lapsed', { state: 'HELD', tenantId: OTHER, endsInSeconds: -1 }, OWN, 'NOT_LEASED'],
  [
    'in the grace of a missed renewal',
    { state: 'LEASED', tenantId: OWN, endsInSeconds: -60, autoRenew: true },
    OWN,
    '',
  ],
  [
    'without grace, billing refused',
    { state: 'LEASED', tenantId: OWN, endsInSeconds: -60, autoRenew: true, renewalRefusals: 1 },
    OWN,
    'LEASE_EXPIRED',
  ],
  [
    'in vanity grace',
    {
      state: 'LEASED',
      tenantId: OWN,
      endsInSeconds: -7 * 86_400,
      autoRenew: true,
      vanity: true,
      renewalRefusals: 1,
    },
    OWN,
    '',
  ],
];

/** A machine that has more to do than it can may take Redis for away: its budget is 25 ms. */
const fromPostgres = expect.stringMatching(/^(postgres|redis_down)$/);

describe('lease look-up', () => {
  let rig: Rig;
  let validator: Validator;
  let replica: Validator;

  beforeAll(async () => {
    rig = await Rig.open();
    for (const tenantId of [OWN, OTHER]) await rig.ledger.setStanding(tenantId, 'ACTIVE');
    await rig.ledger.setStanding(STOPPED, 'SUSPENDED');
    validator = await rig.validator();
    replica = await rig.validator();
  });

  afterAll(() => rig.close());
  afterEach(() => rig.cutEvictor());

  const reasonOf = async (who: Validator, identifier: string, tenantId: string) => {
    const told = await who.ask(identifier, tenantId);
    return [told.valid ? '' : told.reason, told.path];
  };

  it.each(CASES)('%s: the same from Postgres, memory and Redis', async (_, to, tenant, reason) => {
    const identifier = await rig.ledger.register();
    if (to) await rig.ledger.change(identifier, to);
    await rig.evict();
    await rig.trusted(validator);
    await rig.trusted(replica);
    expect(await reasonOf(validator, identifier, tenant)).toEqual([reason, fromPostgres]);
    await eventually(async () => {
      await rig.trusted(validator);
      expect(await reasonOf(validator, identifier, tenant)).toEqual([reason, 'memory']);
    });
    // The put is not waited for: until it is there, a replica that has nothing reads Postgres.
    await eventually(async () => {
      const fresh = await rig.validator();
      await rig.trusted(fresh);
      const told = await reasonOf(fresh, identifier, tenant);
      await fresh.close();
      expect(told).toEqual([reason, 'redis']);
    });
  });

  it('says lease and times to the holder alone', async () => {
    const identifier = await rig.ledger.register();
    const to: Change = { state: 'LEASED', tenantId: OWN, endsInSeconds: -60, autoRenew: true };
    const { leaseId } = await rig.ledger.change(identifier, to);
    const [row] = await rig.ledger.sql(
      'SELECT effective_until AS until FROM numbering.leases WHERE lease_id = $1',
      [leaseId],
    );
    const effectiveUntilMs = (row?.['until'] as Date).getTime();
    const graceUntilMs = effectiveUntilMs + 86_400_000;
    const its = { valid: true, leaseId, effectiveUntilMs, graceUntilMs };
    expect(await validator.ask(identifier, OWN)).toEqual({ ...its, path: fromPostgres });
    await eventually(async () => {
      await rig.trusted(validator);
      expect(await validator.ask(identifier, OWN)).toEqual({ ...its, path: 'memory' });
    });
    const { path: _, ...told } = await validator.ask(identifier, OTHER);
    expect(told).toEqual({ valid: false, reason: 'WRONG_TENANT' });
  });

  it('judges time on each call, in cache or not', async () => {
    const identifier = await rig.ledger.register();
    await rig.ledger.change(identifier, { state: 'HELD', tenantId: OTHER, endsInSeconds: 1 });
    rig.startEvictor();
    await rig.trusted(validator);
    expect((await reasonOf(validator, identifier, OWN))[0]).toBe('WRONG_TENANT');
    await eventually(async () =>
      expect(await reasonOf(validator, identifier, OWN)).toEqual(['NOT_LEASED', 'memory']),
    );
  });

  it('finds alpha IDs in every way of writing them', async () => {
    const display = `Kb ${randomUUID().slice(0, 3)} Q`;
    await rig.ledger.register(display);
    await rig.ledger.change(display, { state: 'LEASED', tenantId: OWN });
    await rig.evict();
    await rig.trusted(validator);
    const forms = [display, display.toUpperCase(), display.replaceAll(' ', ''), display];
    for (const form of forms) expect((await reasonOf(validator, form, OWN))[0]).toBe('');
    // One entry serves them all, and an eviction by the display form finds it.
    const { version } = await rig.ledger.change(display, { state: 'AVAILABLE' });
    await rig.writerEvicts([{ kind: 'i', key: display, version }]);
    await eventually(async () =>
      expect((await reasonOf(validator, alphaMatchKey(display), OWN))[0]).toBe('NOT_LEASED'),
    );
  });

  it('hears of a change whose writer died right after its commit', async () => {
    const identifier = await rig.ledger.register();
    await rig.ledger.change(identifier, { state: 'LEASED', tenantId: OWN });
    rig.startEvictor();
    for (const who of [validator, replica]) {
      await rig.trusted(who);
      expect((await reasonOf(who, identifier, OWN))[0]).toBe('');
    }
    await rig.ledger.change(identifier, { state: 'QUARANTINE' });
    for (const who of [validator, replica]) {
      await eventually(
        async () => expect((await reasonOf(who, identifier, OWN))[0]).toBe('LEASE_RECALLED'),
        { withinMs: 900 },
      );
    }
    await eventually(async () =>
      expect(await rig.ledger.sql('SELECT id FROM numbering.outbox')).toEqual([]),
    );
  });

  it('hears of a tenant’s suspension and reinstatement', async () => {
    const tenantId = `t-${randomUUID()}`;
    const identifier = await rig.ledger.register();
    await rig.ledger.change(identifier, { state: 'LEASED', tenantId });
    rig.startEvictor();
    await rig.trusted(validator);
    const told = async () => (await reasonOf(validator, identifier, tenantId))[0];
    expect(await told()).toBe('');
    for (const status of ['SUSPENDED', 'ACTIVE', 'SUSPENDED'] as const) {
      await rig.ledger.setStanding(tenantId, status);
      const reason = status === 'ACTIVE' ? '' : 'LEASE_SUSPENDED';
      await eventually(async () => expect(await told()).toBe(reason), { withinMs: 900 });
    }
  });

  it('remembers unknown identifiers until the ledger’s next generation', async () => {
    const identifier = '+93790000001';
    const told = () => reasonOf(validator, identifier, OWN);
    rig.startEvictor();
    await rig.trusted(validator);
    await eventually(async () => expect(await told()).toEqual(['NOT_REGISTERED', 'memory']));
    await rig.ledger.register(identifier);
    await eventually(async () => expect((await told())[0]).toBe('NOT_LEASED'), { withinMs: 900 });
  });

  it('answers from Postgres once no heartbeat is heard', async () => {
    const identifier = await rig.ledger.register();
    await rig.ledger.change(identifier, { state: 'LEASED', tenantId: OWN });
    rig.startEvictor();
    await rig.trusted(validator);
    await eventually(async () =>
      expect(await reasonOf(validator, identifier, OWN)).toEqual(['', 'memory']),
    );
    await rig.cutEvictor();
    await rig.ledger.change(identifier, { state: 'QUARANTINE' });
    const recalled = ['LEASE_RECALLED', fromPostgres];
    await eventually(
      async () => expect(await reasonOf(validator, identifier, OWN)).toEqual(recalled),
      { withinMs: 900 },
    );
  });

  it('answers a batch of known, unknown and repeated numbers in order', async () => {
    const known = await rig.ledger.register();
    await rig.ledger.change(known, { state: 'LEASED', tenantId: OWN });
    await rig.trusted(validator);
    const identifiers = Array.from({ length: 1_000 }, (_, at) =>
      at % 2 === 0 ? known : `+9379${String(2_000_000 + (at % 100))}`,
    );
    const answers = await Promise.all(identifiers.map((each) => validator.ask(each, OWN)));
    answers.forEach((answer, at) => expect(answer.valid).toBe(at % 2 === 0));
  });
});
