import { Client } from 'pg';
import { numberPath, openDoor, type Calls, type Door } from './testing/door';

describe('an Idempotency-Key (ruling 42)', () => {
  let door: Door;
  let tenant: Calls;
  beforeAll(async () => {
    door = await openDoor();
    tenant = await door.tenant('acme');
  });
  afterAll(() => door.close());

  const under = (key: string) => ({ headers: { 'idempotency-key': key } });
  const replayed = 'idempotency-replayed';
  const kept = (key: string) =>
    door.sql('SELECT key FROM numbering.idempotency_keys WHERE key = $1', [key]);

  it('gets the first answer again, and one effect', async () => {
    const [number = ''] = await door.numbers(1);
    const first = await tenant.post(numberPath(number, 'reserve'), {}, under('replay'));
    expect(first.status).toBe(201);
    expect(first.headers.get(replayed)).toBeNull();
    const again = await tenant.post(numberPath(number, 'reserve'), {}, under('replay'));
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get(replayed)).toBe('true');
    const claims = await door.sql('SELECT state FROM numbering.leases WHERE identifier = $1', [
      number,
    ]);
    expect(claims).toEqual([{ state: 'RESERVED' }]);
  });

  it('gets the first refusal again too', async () => {
    const call = () => tenant.post(numberPath('+93799999999', 'reserve'), {}, under('refused'));
    const [first, again] = [await call(), await call()];
    expect([first.status, first.body.code]).toEqual([404, 'UNKNOWN_IDENTIFIER']);
    expect([again.status, again.text]).toEqual([404, first.text]);
    expect(again.headers.get(replayed)).toBe('true');
  });

  it('shows an admin’s answer again as it was, its times among it', async () => {
    const [number = ''] = await door.numbers(1);
    await tenant.post(numberPath(number, 'reserve'), {});
    const terms = { tenantId: 'acme', term: '30d', autoRenew: true };
    expect((await tenant.post(numberPath(number, 'lease'), terms)).status).toBe(201);
    const path = `/v1/admin/numbers/${encodeURIComponent(number)}/suspend`;
    const call = () => door.admin.post(path, { reason: 'looked at' }, under('suspend'));
    const [first, again] = [await call(), await call()];
    expect(first.body).toMatchObject({ state: 'SUSPENDED', tenantId: 'acme', autoRenew: true });
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect(again.headers.get(replayed)).toBe('true');
  });

  it('is refused for another body, path or method: 422, and nothing happens', async () => {
    const [one = '', two = ''] = await door.numbers(2);
    expect((await tenant.post(numberPath(one, 'reserve'), {}, under('reuse'))).status).toBe(201);
    const others = [
      await tenant.post(numberPath(two, 'reserve'), {}, under('reuse')),
      await tenant.post(numberPath(one, 'reserve'), { tenantId: 'acme' }, under('reuse')),
      await tenant.post(numberPath(one, 'hold'), {}, under('reuse')),
    ];
    for (const { status, body } of others) {
      expect([status, body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    }
    expect((await tenant.get(numberPath(two))).body['state']).toBe('AVAILABLE');
  });

  it('is another tenant’s own business', async () => {
    const [one = '', two = ''] = await door.numbers(2);
    const other = await door.tenant('other');
    expect((await tenant.post(numberPath(one, 'reserve'), {}, under('same'))).status).toBe(201);
    const answer = await other.post(numberPath(two, 'reserve'), {}, under('same'));
    expect(answer.status).toBe(201);
    expect(answer.headers.get(replayed)).toBeNull();
  });

  it('is 409 while the first call is still running', async () => {
    const [number = ''] = await door.numbers(1);
    const first = new Client({ connectionString: door.databaseUrl });
    await first.connect();
    const taken = JSON.stringify(['tenant:acme', 'running']);
    await first.query('SELECT pg_advisory_lock(hashtextextended($1, 42))', [taken]);
    const call = () => tenant.post(numberPath(number, 'reserve'), {}, under('running'));
    const { status, body } = await call();
    expect([status, body.code]).toEqual([409, 'IDEMPOTENCY_IN_PROGRESS']);
    await first.end();
    expect((await call()).status).toBe(201);
  });

  it('of twenty calls at once has one effect and one answer', async () => {
    const [number = ''] = await door.numbers(1);
    const many = await Promise.all(
      Array.from({ length: 20 }, () =>
        tenant.post(numberPath(number, 'reserve'), {}, under('at-once')),
      ),
    );
    const won = many.filter(({ status }) => status === 201);
    expect(new Set(won.map(({ body }) => body['leaseId'])).size).toBe(1);
    const rest = many.filter(({ status }) => status !== 201);
    for (const { body } of rest) expect(body.code).toBe('IDEMPOTENCY_IN_PROGRESS');
    const claims = await door.sql('SELECT 1 FROM numbering.leases WHERE identifier = $1', [number]);
    expect(claims).toHaveLength(1);
  });

  it('is not used up by a call that never ran', async () => {
    const [number = ''] = await door.numbers(1);
    const path = numberPath(number, 'lease');
    const json = { 'content-type': 'application/json', 'idempotency-key': 'never-ran' };
    const calls = [
      await door.as(undefined).post(path, {}, under('never-ran')),
      await tenant.post(path, '{"x":', { headers: json }),
      await tenant.post(path, {}, under('never-ran')),
      await tenant.post(path, { tenantId: 'acme', term: 'x', autoRenew: true }, under('never-ran')),
      await tenant.post('/v1/numbers/no%23/reserve', {}, under('never-ran')),
    ];
    expect(calls.map(({ status }) => status)).toEqual([401, 400, 422, 422, 422]);
    expect(await kept('never-ran')).toEqual([]);
    expect((await tenant.post(numberPath(number, 'reserve'), {}, under('never-ran'))).status).toBe(
      201,
    );
    expect(await kept('never-ran')).toHaveLength(1);
  });

  it('has 255 visible characters at most: else 422', async () => {
    const [number = ''] = await door.numbers(1);
    for (const bad of ['x'.repeat(256), 'a b']) {
      const { status, body } = await tenant.post(numberPath(number, 'reserve'), {}, under(bad));
      expect([status, body.code]).toEqual([422, 'VALIDATION_FAILED']);
    }
  });
});
