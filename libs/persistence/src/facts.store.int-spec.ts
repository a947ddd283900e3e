import { randomUUID } from 'node:crypto';
import { DEFAULT_POLICY, parseIdentifier, type ParsedIdentifier } from '@numbering/domain';
import { isPostgresUnavailable } from '@numbering/platform';
import { testDatabase, type TestDatabase } from '@numbering/testing';
import { DataSource } from 'typeorm';
import { appDataSource } from './data-source';
import { FactsStore } from './facts.store';

const UNTIL = '2031-05-01T00:00:00.123Z';
const UNTIL_MS = Date.parse(UNTIL);
const DAY_MS = 86_400_000;
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

describe('facts for validators', () => {
  let database: TestDatabase;
  let source: DataSource;
  let store: FactsStore;
  const blockId = randomUUID();

  beforeAll(async () => {
    database = await testDatabase();
    source = await sourceOf(database.url).initialize();
    store = new FactsStore(source, DEFAULT_POLICY);
    expect(await store.ledgerGeneration()).toBe(0);
    await source.query(
      `INSERT INTO numbering.blocks (block_id, operator_id, block_prefix, identifier_class, source,
                                     inserted, duplicates, invalid, imported_at, imported_by)
       VALUES ($1, 'ROSHAN', '*', 'MSISDN', 'REGISTRATION', 9, 0, 0, clock_timestamp(), 'test')`,
      [blockId],
    );
  });

  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  const sourceOf = (databaseUrl: string): DataSource =>
    appDataSource({
      databaseUrl,
      app: 'facts-test',
      poolSize: 2,
      queryTimeoutMs: 5_000,
      connectTimeoutMs: 1_000,
    });

  async function identifier(name: string, columns: Record<string, unknown> = {}): Promise<void> {
    const alphaKey = /[a-z]/i.test(name) ? name.toLowerCase().replaceAll(' ', '') : null;
    const kind = alphaKey ? 'ALPHA' : name.startsWith('+') ? 'MSISDN' : 'SHORT_CODE';
    const row = {
      identifier: name,
      alpha_key: alphaKey,
      identifier_class: kind,
      operator_id: 'ROSHAN',
      block_prefix: '*',
      changed_at: new Date(),
      originating_block_id: blockId,
      ...columns,
    };
    await insert('identifiers', row);
  }

  async function lease(name: string, columns: Record<string, unknown>): Promise<string> {
    const leaseId = randomUUID();
    const row = { lease_id: leaseId, identifier: name, claimed_at: new Date(), ...columns };
    await insert('leases', { tenant_id: 'tenant-1', ...row });
    return leaseId;
  }

  async function insert(table: string, row: Record<string, unknown>): Promise<void> {
    const places = Object.keys(row).map((_, at) => `$${at + 1}`);
    await source.query(
      `INSERT INTO numbering.${table} (${Object.keys(row).join()}) VALUES (${places.join()})`,
      Object.values(row),
    );
  }

  const asked = (text: string): ParsedIdentifier => {
    const parsed = parseIdentifier(text);
    if ('code' in parsed) throw new Error(parsed.detail);
    return parsed;
  };
  const factsOf = async (text: string) => {
    const key = asked(text);
    return (await store.loadFacts([key])).get(key.matchKey);
  };

  it('answers for every key that was asked for, known or not, in one go', async () => {
    await identifier('+93790000001', { version: 7 });
    await identifier('4455');
    await identifier('Kb Q');
    const keys = ['+93790000001', '4455', 'KBQ', '+93790000002', 'Nobody'].map(asked);
    const found = await store.loadFacts(keys);
    expect([...found.keys()]).toEqual(['+93790000001', '4455', 'kbq', '+93790000002', 'nobody']);
    expect(found.get('+93790000001')).toEqual({
      identifier: '+93790000001',
      version: 7,
      state: 'AVAILABLE',
    });
    expect(found.get('kbq')).toMatchObject({ identifier: 'Kb Q', state: 'AVAILABLE' });
    expect(found.get('+93790000002')).toBeUndefined();
    expect(found.get('nobody')).toBeUndefined();
  });

  it('tells whose a claim is and when it ends; claims that ended are nobody’s', async () => {
    const number = '+93790000010';
    await identifier(number, { state: 'HELD', valid_from: '2020-01-01T00:00:00Z' });
    await lease(number, { state: 'RECALLED', tenant_id: 'tenant-0', ended_at: new Date() });
    const leaseId = await lease(number, { state: 'HELD', expires_at: UNTIL });
    expect(await factsOf(number)).toEqual({
      identifier: number,
      version: 1,
      state: 'HELD',
      tenantId: 'tenant-1',
      leaseId,
      expiresAtMs: UNTIL_MS,
      validFromMs: Date.parse('2020-01-01T00:00:00Z'),
    });
  });

  it.each([
    ['none without auto-renewal', { auto_renew: false, vanity: true }, undefined],
    ['a day with auto-renewal', { auto_renew: true }, UNTIL_MS + DAY_MS],
    ['none once billing refused', { auto_renew: true, renewal_refusals: 1 }, undefined],
    ['14 days of vanity', { auto_renew: true, vanity: true }, UNTIL_MS + 14 * DAY_MS],
  ])('knows the grace of a lease: %s', async (_, terms, graceUntilMs) => {
    const number = `+9379${String(Math.floor(Math.random() * 1e7)).padStart(7, '0')}`;
    await identifier(number, { state: 'LEASED' });
    const dates = { effective_from: '2030-05-01T00:00:00Z', effective_until: UNTIL, term: '1y' };
    await lease(number, { state: 'LEASED', ...dates, ...terms });
    const facts = await factsOf(number);
    expect(facts).toMatchObject({ state: 'LEASED', effectiveUntilMs: UNTIL_MS });
    expect(facts?.graceUntilMs).toBe(graceUntilMs);
  });

  it('can tell any time that an owner may have written', async () => {
    const number = '+93790000020';
    await identifier(number, { state: 'SUSPENDED' });
    await lease(number, { state: 'SUSPENDED', effective_until: 'infinity', auto_renew: true });
    expect(await factsOf(number)).toMatchObject({
      effectiveUntilMs: LAST_MS,
      graceUntilMs: LAST_MS,
    });
    await source.query(
      `UPDATE numbering.leases SET effective_until = '-infinity' WHERE identifier = $1`,
      [number],
    );
    expect((await factsOf(number))?.effectiveUntilMs).toBe(Date.parse('0001-01-01T00:00:00Z'));
  });

  it('tells until when a quarantine lasts and how it began', async () => {
    const number = '+93790000030';
    await identifier(number, {
      state: 'QUARANTINE',
      available_at: UNTIL,
      quarantine_cause: 'EXPIRY',
      quarantined_lease_id: randomUUID(),
    });
    expect(await factsOf(number)).toMatchObject({ availableAtMs: UNTIL_MS, cause: 'EXPIRY' });
  });

  it('knows standings; a tenant without a row is active at version 0', async () => {
    await insert('tenants', {
      tenant_id: 'stopped',
      status: 'SUSPENDED',
      suspension_id: randomUUID(),
      version: 4,
    });
    expect([...(await store.loadStandings(['stopped', 'Stopped'])).values()]).toEqual([
      { tenantId: 'stopped', status: 'SUSPENDED', version: 4 },
      { tenantId: 'Stopped', status: 'ACTIVE', version: 0 },
    ]);
  });

  it('reads the database’s clock and the ledger’s generation', async () => {
    const [row] = await source.query('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms');
    expect(await store.databaseTimeMs()).toBeGreaterThanOrEqual(Number(row.ms));
    expect(await store.ledgerGeneration()).toBe(1);
  });

  it('rejects as unavailable when Postgres is away', async () => {
    const lone = new FactsStore(sourceOf('postgres://nobody@127.0.0.1:1/none'), DEFAULT_POLICY);
    const error: unknown = await lone.databaseTimeMs().catch((thrown: unknown) => thrown);
    expect(isPostgresUnavailable(error)).toBe(true);
  });
});
