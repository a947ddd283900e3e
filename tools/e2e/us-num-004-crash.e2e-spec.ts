import { randomUUID } from 'node:crypto';
import {
  eventually,
  freePort,
  leaseMany,
  RestCaller,
  runningStack,
  testDatabase,
  testRedis,
  type TestDatabase,
  type TestRedis,
} from '@numbering/testing';
import { Client } from 'pg';
import { AppProcess } from './app-process.fixture';

const LEASES = 900;
const TENANT = 'suspended';
const PATIENCE = { withinMs: 40_000 };

describe('US-NUM-004 kill -9 of the worker in the middle of a cascade', () => {
  const stack = runningStack();
  const numbers = Array.from({ length: LEASES }, (_, i) => `+9379${String(i).padStart(7, '0')}`);
  let database: TestDatabase;
  let redis: TestRedis;
  let owner: Client;
  let api: AppProcess;
  let worker: AppProcess;

  beforeAll(async () => {
    [database, redis] = await Promise.all([testDatabase(), testRedis()]);
    owner = new Client({ connectionString: database.url });
    await owner.connect();
    const settings = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      JWKS_URL: `${stack.services.identity.url}/.well-known/jwks.json`,
      JWT_ISSUER: 'http://numbering.local/identity',
      JWT_AUDIENCE: 'numbering',
      CURSOR_SECRET: randomUUID(),
      BILLING_URL: 'http://127.0.0.1:1',
    };
    api = new AppProcess('inventory-api', await freePort(), settings);
    worker = new AppProcess('reservation-worker', await freePort(), settings);
    await Promise.all([api.start(), worker.start()]);
  });
  afterAll(async () => {
    await Promise.all([api.kill(), worker.kill()]);
    await owner.end();
    await redis.stop();
    await database.drop();
  });

  const count = async (action: string): Promise<number> => {
    const { rows } = await owner.query(
      'SELECT count(*)::int AS n FROM numbering.audit_log WHERE action = $1',
      [action],
    );
    return rows[0].n;
  };

  it('costs nothing: the next one goes on, and each lease is recalled once, under one ticket', async () => {
    const admin = new RestCaller(api.url, stack.tokens.admin);
    const identifiers = numbers.map((identifier) => ({ identifier, operatorId: 'ROSHAN' }));
    expect((await admin.post('/v1/admin/numbering/identifiers', { identifiers })).status).toBe(200);
    await leaseMany((text, parameters) => owner.query(text, parameters), TENANT, numbers);
    // The last number is held by somebody, so that the cascade is under way for as long as this wants.
    const somebody = new Client({ connectionString: database.url });
    await somebody.connect();
    await somebody.query('BEGIN');
    const last = numbers.at(-1);
    await somebody.query(
      'SELECT 1 FROM numbering.identifiers WHERE identifier = $1 FOR NO KEY UPDATE',
      [last],
    );
    const ask = { ticketId: 'C-1', reason: 'fraud' };
    const route = `/v1/admin/numbering/tenants/${TENANT}/suspend`;
    expect((await admin.post(route, ask)).status).toBe(200);
    await eventually(async () => expect(await count('RECALL')).toBeGreaterThan(0), {
      ...PATIENCE,
      everyMs: 1,
    });
    await worker.kill();
    await somebody.query('ROLLBACK');
    await somebody.end();
    expect(await count('RECALL')).toBeLessThan(LEASES);
    await worker.start();
    await eventually(async () => expect(await count('RECALL')).toBe(LEASES), PATIENCE);
    await eventually(async () => {
      const { rows } = await owner.query(
        `SELECT cascade_pending, leased_msisdn FROM numbering.tenants WHERE tenant_id = $1`,
        [TENANT],
      );
      expect(rows).toEqual([{ cascade_pending: false, leased_msisdn: 0 }]);
    }, PATIENCE);
    const { rows } = await owner.query(
      `SELECT DISTINCT i.state, i.version, l.state AS lease_state, l.end_ticket_id,
              (SELECT string_agg(a.action || a.version, ' ' ORDER BY a.version)
                 FROM numbering.audit_log a WHERE a.identifier = i.identifier) AS audits,
              (SELECT string_agg(o.topic || o.version, ' ' ORDER BY o.version)
                 FROM numbering.outbox o WHERE o.key = i.identifier) AS events
         FROM numbering.identifiers i
         JOIN numbering.leases l USING (identifier)`,
    );
    expect(rows).toEqual([
      {
        state: 'QUARANTINE',
        version: 4,
        lease_state: 'RECALLED',
        end_ticket_id: 'C-1',
        audits: 'LEASE2 RECALL3 QUARANTINE4',
        events:
          'numbering.lease.created2 numbering.lease.recalled3 numbering.identifier.quarantined4',
      },
    ]);
  });
});
