import { leaseMany } from '@numbering/testing';
import { openDoor, type Answer, type Calls, type Door } from './testing/door';

const ADMIN = '/v1/admin/numbering';
const LONG_TEXT = 'x'.repeat(2_001);
const LONG_ID = 'x'.repeat(256);
const JUSTIFIED = 'recalled by mistake';
/** What stands for a member that is left out. */
const MISSING = Symbol('missing');

type Body = Record<string, unknown>;
type Bad = readonly [value: unknown, code?: string];

interface Endpoint {
  name: string;
  method: 'POST' | 'PUT';
  /** Of a number that the call would change, where it were right. */
  path: (number: string) => string;
  good: Body;
  /** By member what is none of it, and the code where that is another than VALIDATION_FAILED. */
  bad: Record<string, readonly Bad[]>;
  /** A scope that is not enough. */
  tooLittle: string;
}

const NO_TEXT: readonly Bad[] = [
  [7],
  [['x']],
  [{ x: 1 }],
  [true],
  ['a\0b'],
  ['\ud800'],
  [LONG_TEXT],
];
const NO_NEEDED_TEXT: readonly Bad[] = [[MISSING], [null], [''], [' \t\n'], ...NO_TEXT];
const NO_ID: readonly Bad[] = [[null], [''], ['  '], [LONG_ID], ...NO_TEXT];
const NO_COUNT: readonly Bad[] = [[-1], [1.5], ['7'], [true], [1e12], [[1]], [{}]];

const onNumber = (action: string) => (number: string) =>
  `/v1/admin/numbers/${encodeURIComponent(number)}/${action}`;
const onTenant = (action: string) => () => `${ADMIN}/tenants/acme${action}`;
const why = {
  good: { reason: 'looked into', ticketId: 'T-1' },
  bad: { reason: NO_NEEDED_TEXT, ticketId: NO_ID },
};

const PRICE = {
  plan: 'starter',
  identifierClass: 'MSISDN',
  vanity: false,
  setup: 100,
  monthly: 0,
  currency: 'AFN',
};
/** Lists of one item with one member that is missing or wrong. */
const wrongIn = (item: Body, bad: Record<string, readonly Bad[]>): Bad[] =>
  Object.entries(bad).flatMap(([member, values]) =>
    values.map(([value]) => {
      const { [member]: _, ...others } = item;
      return [[value === MISSING ? others : { ...others, [member]: value }]] as const;
    }),
  );

const ENDPOINTS: readonly Endpoint[] = [
  {
    name: 'suspend',
    method: 'POST',
    path: onNumber('suspend'),
    tooLittle: 'numbering:compliance',
    ...why,
  },
  {
    name: 'resume',
    method: 'POST',
    path: onNumber('resume'),
    tooLittle: 'numbering:compliance',
    ...why,
  },
  {
    name: 'retire',
    method: 'POST',
    path: onNumber('retire'),
    tooLittle: 'numbering:compliance',
    ...why,
  },
  {
    name: 'override',
    method: 'POST',
    path: onNumber('quarantine/release'),
    tooLittle: 'numbering:admin',
    good: { justification: JUSTIFIED },
    bad: {
      justification: [
        ...[
          MISSING,
          null,
          '',
          '  ',
          'too short',
          ' too short ',
          7,
          [JUSTIFIED],
          { of: JUSTIFIED },
        ].map((value) => [value, 'JUSTIFICATION_REQUIRED'] as const),
        // Nine for whoever reads them, though more for the machine.
        ['👩‍👩‍👧'.repeat(9), 'JUSTIFICATION_REQUIRED'],
        [LONG_TEXT],
        ['recalled\0by mistake'],
        ['recalled by \ud800'],
      ],
    },
  },
  {
    name: 'recall',
    method: 'POST',
    path: (number) => `/v1/numbers/${encodeURIComponent(number)}/recall`,
    tooLittle: 'numbering:read',
    good: { reason: 'ABUSE', actorId: 'admin-1', ticketId: 'T-1' },
    bad: {
      reason: [[MISSING], [null], ['SPITE'], ['abuse'], [''], [7], [['ABUSE']], [{}]],
      actorId: [[MISSING], ...NO_ID],
      ticketId: [
        ...[MISSING, null, '', ' \t'].map((value) => [value, 'TICKET_REQUIRED'] as const),
        [LONG_ID],
        ...NO_TEXT,
      ],
    },
  },
  {
    name: 'plan of a tenant',
    method: 'PUT',
    path: onTenant(''),
    tooLittle: 'numbering:compliance',
    good: { plan: 'business', operatorAllowlist: ['ROSHAN'] },
    bad: {
      plan: [[MISSING], [null], ['gold'], ['Business'], [1], [['business']]],
      operatorAllowlist: [['ROSHAN'], [[1]], [['NOBODY']], [[null]], [{ 0: 'ROSHAN' }], [['']]],
    },
  },
  {
    name: 'suspension of a tenant',
    method: 'POST',
    path: onTenant('/suspend'),
    tooLittle: 'numbering:read numbering:write numbering:tenants:any',
    good: { ticketId: 'T-1', reason: 'fraud', cascade: false },
    bad: {
      ticketId: [[MISSING], ...NO_ID],
      reason: NO_NEEDED_TEXT,
      cascade: [[null], ['false'], [0], [[]]],
    },
  },
  {
    name: 'reinstatement of a tenant',
    method: 'POST',
    path: onTenant('/reinstate'),
    tooLittle: 'numbering:write',
    good: {},
    bad: {},
  },
  {
    name: 'quotas of a tenant',
    method: 'PUT',
    path: onTenant('/quotas'),
    tooLittle: 'numbering:compliance',
    good: { MSISDN: 1 },
    bad: {
      ...Object.fromEntries(
        ['MSISDN', 'SHORT_CODE', 'ALPHA', 'maxActiveReservations', 'maxHolds'].map((member) => [
          member,
          NO_COUNT,
        ]),
      ),
    },
  },
  {
    name: 'prices',
    method: 'PUT',
    path: () => `${ADMIN}/prices`,
    tooLittle: 'numbering:compliance',
    good: { items: [PRICE] },
    bad: {
      items: [
        [MISSING],
        [null],
        [[]],
        [{ 0: PRICE }],
        [[null]],
        [['x']],
        [[[]]],
        [[[PRICE]]],
        [[PRICE, { ...PRICE, setup: 1 }]],
        [Array(25).fill(PRICE)],
        ...wrongIn(PRICE, {
          plan: [[MISSING], [null], ['gold'], ['Starter'], [['starter']]],
          identifierClass: [[MISSING], [null], ['EMAIL'], ['msisdn']],
          vanity: [[MISSING], [null], ['true'], [0]],
          setup: [[MISSING], [null], ...NO_COUNT],
          monthly: [[MISSING], [null], ...NO_COUNT],
          currency: [[MISSING], [null], ['afn'], ['ZZZ'], ['AFNI'], ['؋'], [971], [['AFN']]],
          tax: [[1]],
        }),
      ],
    },
  },
];

describe('US-NUM-004 and US-NUM-006: what admins send, whatever it is', () => {
  let door: Door;
  let number: string;
  let lines: Calls;
  beforeAll(async () => {
    door = await openDoor();
    [number = ''] = await door.numbers(1);
    await leaseMany(door.sql, 'acme', [number]);
    lines = door.admin;
  });
  afterAll(() => door.close());

  /** Everything that a refused call must leave as it was. */
  const ledger = async () =>
    door.sql(`SELECT (SELECT sum(version) FROM numbering.identifiers) AS versions,
                     (SELECT count(*) FROM numbering.audit_log) AS audits,
                     (SELECT count(*) FROM numbering.outbox) AS events,
                     (SELECT jsonb_agg(t) FROM numbering.tenants t) AS tenants,
                     (SELECT jsonb_agg(q) FROM numbering.tenant_quotas q) AS quotas,
                     (SELECT jsonb_agg(p) FROM numbering.price_list p) AS prices,
                     (SELECT count(*) FROM numbering.quarantine_overrides) AS overrides,
                     (SELECT count(*) FROM numbering.idempotency_keys) AS keys`);
  const call = (by: Calls, { method, path }: Endpoint, body: unknown, headers = {}) =>
    method === 'POST'
      ? by.post(path(number), body, { headers })
      : by.put(path(number), body, { headers });
  const coded = ({ status, body }: Answer) => [status, body.code];
  const bodyWith = (good: Body, member: string, value: unknown): Body => {
    const { [member]: _, ...others } = good;
    return value === MISSING ? others : { ...others, [member]: value };
  };
  const json = { 'content-type': 'application/json' };

  describe.each(ENDPOINTS.map((each) => [each.name, each] as const))('%s', (_, endpoint) => {
    it('refuses each member that is missing or wrong, names it, and changes nothing', async () => {
      const before = await ledger();
      const told = [];
      for (const [member, values] of Object.entries(endpoint.bad)) {
        for (const [value, code = 'VALIDATION_FAILED'] of values) {
          const answer = await call(lines, endpoint, bodyWith(endpoint.good, member, value));
          const wanted = [422, code];
          const field = (answer.body['errors'] as { field: string }[] | undefined)?.[0]?.field;
          const isNamed = code !== 'VALIDATION_FAILED' || field?.startsWith(member) === true;
          const isAsWanted = String(coded(answer)) === String(wanted) && isNamed;
          if (!isAsWanted) told.push([member, String(value).slice(0, 20), coded(answer), field]);
        }
      }
      expect(told).toEqual([]);
      expect(await ledger()).toEqual(before);
    });

    it('refuses an unknown member, what is no JSON object, and what is no JSON', async () => {
      const before = await ledger();
      const more = await call(lines, endpoint, { ...endpoint.good, more: 1 });
      expect(coded(more)).toEqual([422, 'VALIDATION_FAILED']);
      expect(more.body['errors']).toEqual([
        expect.objectContaining({ field: 'more', code: 'UNKNOWN_MEMBER' }),
      ]);
      for (const text of ['[]', 'null', '"x"', '{', '{"reason":', '\ufeff[]']) {
        expect(coded(await call(lines, endpoint, text, json))).toEqual([400, 'MALFORMED']);
      }
      const plain = await call(lines, endpoint, '{}', { 'content-type': 'text/plain' });
      expect(coded(plain)).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
      expect(await ledger()).toEqual(before);
    });

    it('is for nobody without its scope, whatever is sent', async () => {
      const before = await ledger();
      const { tooLittle, good, name } = endpoint;
      const token = await door.issuer.token({ tenant: 'acme', sub: 'admin-1', scope: tooLittle });
      const refused = await call(door.as(token), endpoint, good);
      expect(coded(refused)).toEqual([403, 'FORBIDDEN']);
      if (name !== 'recall') {
        const blind = await call(door.as(token), endpoint, '{', json);
        expect(coded(blind)).toEqual([403, 'FORBIDDEN']);
      }
      const nobody = await call(door.as(undefined), endpoint, good);
      expect(coded(nobody)).toEqual([401, 'UNAUTHENTICATED']);
      expect(await ledger()).toEqual(before);
    });

    it('has one effect under an Idempotency-Key, and none for another body under it', async () => {
      const headers = { 'idempotency-key': `key of ${endpoint.name}`.replaceAll(' ', '-') };
      const first = await call(lines, endpoint, endpoint.good, headers);
      const between = await ledger();
      const again = await call(lines, endpoint, endpoint.good, headers);
      expect([again.status, again.text]).toEqual([first.status, first.text]);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      const other = { ...endpoint.good, ...OTHER[endpoint.name] };
      const reused = await call(lines, endpoint, other, headers);
      const wanted = OTHER[endpoint.name] === undefined ? first.status : 422;
      expect(reused.status).toBe(wanted);
      expect(await ledger()).toEqual(between);
    });
  });
});

/** A right body that is another; a reinstatement has none. */
const OTHER: Record<string, Body | undefined> = {
  suspend: { reason: 'another' },
  resume: { reason: 'another' },
  retire: { reason: 'another' },
  override: { justification: 'another justification' },
  recall: { ticketId: 'T-2' },
  'plan of a tenant': { plan: 'premium' },
  'suspension of a tenant': { reason: 'another' },
  'quotas of a tenant': { MSISDN: 2 },
  prices: { items: [{ ...PRICE, setup: 101 }] },
};
