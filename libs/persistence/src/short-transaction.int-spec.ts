import { randomUUID } from 'node:crypto';
import type { NumberRecord, Step } from '@numbering/domain';
import { testDatabase, type TestDatabase } from '@numbering/testing';
import type { DataSource, EntityManager } from 'typeorm';
import { ChangeStore } from './change.store';
import { appDataSource } from './data-source';
import { shortTransaction } from './short-transaction';

const SERIALIZATION_FAILURE = '40001';
const DIVISION_BY_ZERO = '22012';

describe('a transaction whose COMMIT travels with its last statements', () => {
  let database: TestDatabase;
  let source: DataSource;

  beforeAll(async () => {
    database = await testDatabase();
    source = await appDataSource({
      databaseUrl: database.url,
      app: 'short-transaction-test',
      poolSize: 2,
      queryTimeoutMs: 5_000,
      connectTimeoutMs: 1_000,
      pipelines: true,
    }).initialize();
    const blockId = randomUUID();
    await source.query(
      `INSERT INTO numbering.blocks (block_id, operator_id, block_prefix, identifier_class, source,
                                     inserted, duplicates, invalid, imported_at, imported_by)
       VALUES ($1, 'ROSHAN', '+9379', 'MSISDN', 'REGISTRATION', 1, 0, 0, clock_timestamp(), 'test')`,
      [blockId],
    );
    await source.query(
      `INSERT INTO numbering.identifiers (identifier, identifier_class, operator_id, block_prefix,
                                          originating_block_id, version, changed_at)
       SELECT '+9379000000' || n, 'MSISDN', 'ROSHAN', '+9379', $1, 7, clock_timestamp()
         FROM generate_series(1, 2) AS n`,
      [blockId],
    );
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  const addTenant = (manager: EntityManager, tenantId: string) =>
    manager.query('INSERT INTO numbering.tenants (tenant_id) VALUES ($1)', [tenantId]);
  const fail = (manager: EntityManager) => manager.query('SELECT 1 / $1::integer', [0]);
  const tenants = async () =>
    (await source.query('SELECT tenant_id FROM numbering.tenants ORDER BY 1')).map(
      (row: { tenant_id: string }) => row.tenant_id,
    );

  it('commits what its first and its last statements did', async () => {
    const result = await shortTransaction(source, async (manager) => {
      await addTenant(manager, 'first');
      return { result: 'done', last: () => [addTenant(manager, 'last')] };
    });
    expect(result).toBe('done');
    expect(await tenants()).toEqual(['first', 'last']);
  });

  it.each<[string, (manager: EntityManager) => Promise<unknown>[]]>([
    ['before others', (manager) => [fail(manager), addTenant(manager, 'lost')]],
    ['behind others', (manager) => [addTenant(manager, 'lost'), fail(manager)]],
  ])('keeps nothing where a last statement fails %s, and says why', async (_, last) => {
    const failing = shortTransaction(source, async (manager) => {
      await addTenant(manager, 'lost too');
      return { result: undefined, last: () => last(manager) };
    });
    await expect(failing).rejects.toMatchObject({ code: DIVISION_BY_ZERO });
    expect(await tenants()).toEqual(['first', 'last']);
  });

  it('keeps nothing where the work throws, and its connection serves the next', async () => {
    for (let i = 0; i < 5; i++) {
      const failing = shortTransaction(source, async (manager) => {
        await addTenant(manager, 'lost');
        throw new Error('thought better of it');
      });
      await expect(failing).rejects.toThrow('thought better of it');
    }
    expect(await tenants()).toEqual(['first', 'last']);
  });

  it('writes nothing of a change whose number is no longer as its decision saw it', async () => {
    const changes = new ChangeStore();
    const stepFrom = (identifier: string, version: number): Step => {
      const before: NumberRecord = {
        ...{ identifier, identifierClass: 'MSISDN', operatorId: 'ROSHAN', vanityEligible: false },
        ...{ validFrom: null, version, changedAt: new Date(), state: 'AVAILABLE' },
      };
      return {
        before,
        after: { ...before, state: 'RETIRED', version: version + 1 },
        action: 'RETIRE',
        event: { type: 'numbering.identifier.retired', data: { reason: 'withdrawn' } },
      };
    };
    const steps = [stepFrom('+93790000001', 7), stepFrom('+93790000002', 6)];
    const stale = shortTransaction(source, async (manager) => ({
      result: undefined,
      last: () => changes.send(manager, [{ steps, origin: { actor: 'test', app: 'test' } }]),
    }));
    await expect(stale).rejects.toMatchObject({ code: SERIALIZATION_FAILURE });
    const left = await source.query(
      `SELECT (SELECT count(*)::integer FROM numbering.identifiers WHERE state <> 'AVAILABLE') AS moved,
              (SELECT count(*)::integer FROM numbering.audit_log) AS audited,
              (SELECT count(*)::integer FROM numbering.outbox) AS told`,
    );
    expect(left).toEqual([{ moved: 0, audited: 0, told: 0 }]);
  });
});
