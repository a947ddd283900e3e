import { leaseMany } from '@numbering/testing';
import { parse } from 'csv-parse/sync';
import { numberPath, openDoor, type Calls, type Door } from './testing/door';

const ADMIN = '/v1/admin/numbering';
const CSV = { headers: { accept: 'text/csv' } };
/** More than two batches. */
const LEASES = 2_500;
const REGISTERED_AT_ONCE = 1_000;

type Row = Record<string, string>;

describe('my numbers as CSV', () => {
  let door: Door;
  beforeAll(async () => {
    door = await openDoor();
  });
  afterAll(() => door.close());

  const exportOf = async (by: Calls, query = '') => {
    const { status, headers, text } = await by.get(`/v1/numbers${query}`, CSV);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('content-disposition')).toBe('attachment; filename="numbers.csv"');
    expect(headers.get('vary')).toMatch(/accept/i);
    return { text, rows: parse(text, { columns: true }) as Row[] };
  };
  const reserve = async (by: Calls, number: string) =>
    expect((await by.post(numberPath(number, 'reserve'), {})).status).toBe(201);

  it('has what the list has, in its order, of every state', async () => {
    const tenant = await door.tenant('exporter');
    const [held = '', reserved = '', leased = '', lapsed = ''] = await door.numbers(4);
    await door.admin.post(`${ADMIN}/identifiers`, { identifiers: [{ identifier: 'Ex & Co' }] });
    for (const number of [held, reserved, leased, lapsed, 'Ex & Co']) await reserve(tenant, number);
    await tenant.post(numberPath(held, 'hold'), {});
    const terms = { tenantId: 'exporter', term: '30d', autoRenew: true };
    await tenant.post(numberPath(leased, 'lease'), terms);
    await door.sql(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() WHERE identifier = $1`,
      [lapsed],
    );
    const { rows } = await exportOf(tenant);
    const { items = [] } = (await tenant.get('/v1/numbers')).body;
    expect(rows.map(({ identifier }) => identifier)).toEqual(['Ex & Co', held, reserved, leased]);
    for (const [nth, item] of items.entries()) {
      const { ownedByCaller: _, ...shown } = item;
      for (const [member, value] of Object.entries(shown)) {
        expect([member, rows[nth]?.[member]]).toEqual([member, String(value)]);
      }
    }
    expect(rows[1]).toMatchObject({ state: 'HELD', effectiveUntil: '', autoRenew: '' });
    expect(rows[3]).toMatchObject({ state: 'LEASED', expiresAt: '', autoRenew: 'true' });
  });

  it('is filtered like the list, whole whatever a page would have, and only for who may', async () => {
    const tenant = await door.tenant('exporter');
    const { rows } = await exportOf(tenant, '?state=RESERVED&identifierClass=MSISDN&limit=1');
    expect(rows).toHaveLength(1);
    expect((await exportOf(tenant, '?limit=1')).rows).toHaveLength(4);
    const other = await door.tenant('empty-handed');
    expect((await exportOf(other)).text).toMatch(/^identifier,identifierClass,[^\n]*\r\n$/);
    expect((await exportOf(door.admin, '?tenantId=exporter')).rows).toHaveLength(4);
    const foreign = await other.get('/v1/numbers?tenantId=exporter', CSV);
    expect([foreign.status, foreign.body.code]).toEqual([403, 'TENANT_MISMATCH']);
    const wrong = await other.get('/v1/numbers?state=LOST', CSV);
    expect([wrong.status, wrong.body.code]).toEqual([422, 'VALIDATION_FAILED']);
  });

  it('is never a formula, whatever a tenant is called', async () => {
    const id = '=HYPERLINK("x"),\n+1';
    const tenant = await door.tenant(id);
    const [number = ''] = await door.numbers(1);
    await reserve(tenant, number);
    const { text, rows } = await exportOf(tenant);
    expect(rows).toMatchObject([{ identifier: number, tenantId: `'${id}` }]);
    // A number is one for a spreadsheet as for us.
    expect(text).toContain(`\r\n${number},MSISDN,`);
  });

  it('has every lease of many, each once', async () => {
    const numbers: string[] = [];
    while (numbers.length < LEASES) {
      const count = Math.min(REGISTERED_AT_ONCE, LEASES - numbers.length);
      numbers.push(...(await door.numbers(count)));
    }
    await leaseMany(door.sql, 'large-exporter', numbers);
    const { rows } = await exportOf(await door.tenant('large-exporter'));
    expect(rows.map(({ identifier }) => identifier)).toEqual(numbers.toSorted());
  });
});
