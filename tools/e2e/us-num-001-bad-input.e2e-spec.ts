import { generateKeyPairSync } from 'node:crypto';
import { Suite, type Answer } from '@numbering/testing';
import { ADMIN, OperatorKey, TestOperator, blockForm, codeOf } from './block-import.fixture';

const IMPORT = `${ADMIN}/blocks/import`;
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';

describe('US-NUM-001 bad input changes nothing', () => {
  const suite = new Suite();
  let operator: TestOperator;
  let file: Buffer;
  let blockId: string;

  beforeAll(async () => {
    operator = await TestOperator.create(suite.admin);
    file = operator.csv(2, 10);
    blockId = String((await suite.expect(201, operator.send(operator.csv(3)))).blockId);
  });
  afterAll(() => suite.close());

  /** All that is the operator's, and what was done to it. */
  const state = () =>
    suite.sql(
      `SELECT (SELECT count(*)::integer FROM numbering.identifiers WHERE operator_id = $1) AS numbers,
              (SELECT count(*)::integer FROM numbering.blocks WHERE operator_id = $1) AS blocks,
              (SELECT count(*)::integer FROM numbering.audit_log
                WHERE detail ->> 'operatorId' = $1) AS audits,
              (SELECT count(*)::integer FROM numbering.mno_signing_keys
                WHERE operator_id = $1) AS keys,
              (SELECT row(name, prefixes)::text FROM numbering.operators
                WHERE operator_id = $1) AS operator`,
      [operator.operatorId],
    );

  type Case = [string, [number, string], () => Promise<Answer>];
  const table = (name: string, cases: Case[]) =>
    it.each(cases)(`${name} %s → %j`, async (_what, wanted, act) => {
      const before = await state();
      expect(codeOf(await act())).toEqual(wanted);
      expect(await state()).toEqual(before);
    });

  const INVALID: [number, string] = [422, 'VALIDATION_FAILED'];
  const NOT_FOUND: [number, string] = [404, 'NOT_FOUND'];
  const UNKNOWN_BLOCK: [number, string] = [404, 'UNKNOWN_BLOCK'];

  const form = (change: (form: FormData) => void): Promise<Answer> => {
    const { operatorId, key } = operator;
    const whole = blockForm(file, { operatorId, signature: key.sign(file) });
    change(whole);
    return suite.admin.post(IMPORT, whole);
  };
  const raw = (body: string, type: string): Promise<Answer> =>
    suite.admin.post(IMPORT, body, { 'content-type': type });

  table('import:', [
    ['no operatorId', INVALID, () => form((f) => f.delete('operatorId'))],
    ['no signature', INVALID, () => form((f) => f.delete('signature'))],
    ['no file', INVALID, () => form((f) => f.delete('csvFile'))],
    ['nothing', INVALID, () => suite.admin.post(IMPORT, new FormData())],
    ['two files', INVALID, () => form((f) => f.append('csvFile', new Blob(['msisdn\n']), 'b.csv'))],
    ['a file of another name', INVALID, () => form((f) => f.append('csv', new Blob(['x']), 'x'))],
    ['an unknown field', INVALID, () => form((f) => f.append('force', 'true'))],
    ['operatorId twice', INVALID, () => form((f) => f.append('operatorId', 'AWCC'))],
    ['an unknown operator', INVALID, () => form((f) => f.set('operatorId', 'NOBODY'))],
    ['an operator in lower case', INVALID, () => form((f) => f.set('operatorId', 'roshan'))],
    ['an empty operatorId', INVALID, () => form((f) => f.set('operatorId', ''))],
    ['a long operatorId', INVALID, () => form((f) => f.set('operatorId', 'A'.repeat(300)))],
    ['an empty keyId', INVALID, () => form((f) => f.set('keyId', ' '))],
    ['a class that is none', INVALID, () => form((f) => f.set('identifierClass', 'msisdn'))],
    ['a prefix without +', INVALID, () => form((f) => f.set('blockPrefix', '9379'))],
    ['a prefix of another country', INVALID, () => form((f) => f.set('blockPrefix', '+49'))],
    ['dryRun=yes', INVALID, () => form((f) => f.set('dryRun', 'yes'))],
    [
      'the file as a text',
      INVALID,
      () =>
        form((f) => {
          f.delete('csvFile');
          f.append('csvFile', file.toString());
        }),
    ],
    [
      'an Idempotency-Key with a space',
      INVALID,
      () => operator.send(file, {}, { 'idempotency-key': 'a b' }),
    ],
    [
      'a long Idempotency-Key',
      INVALID,
      () => operator.send(file, {}, { 'idempotency-key': 'k'.repeat(256) }),
    ],
    ['JSON', [415, 'UNSUPPORTED_MEDIA_TYPE'], () => suite.admin.post(IMPORT, {})],
    ['no boundary', [400, 'MALFORMED'], () => raw('x', 'multipart/form-data')],
    [
      'a form that breaks off',
      [400, 'MALFORMED'],
      () => raw('--b\r\ncontent-', 'multipart/form-data; boundary=b'),
    ],
    [
      'a file of 129 MB',
      [413, 'PAYLOAD_TOO_LARGE'],
      () =>
        form((f) => {
          f.set('csvFile', new Blob([Buffer.alloc(129 * 1024 * 1024, '1')]), 'large.csv');
        }),
    ],
    ['another method', NOT_FOUND, () => suite.admin.put(IMPORT, {})],
    ['no token', [401, 'UNAUTHENTICATED'], () => suite.caller().post(IMPORT, {})],
  ]);

  it('import: a tenant is told 403 before anything about its form', async () => {
    const tenant = await suite.tenant();
    expect(codeOf(await tenant.api.post(IMPORT, { x: 1 }))).toEqual([403, 'FORBIDDEN']);
  });

  const get = (route: string) => suite.admin.get(`${ADMIN}/blocks${route}`);
  table('blocks:', [
    ['limit 0', INVALID, () => get('?limit=0')],
    ['limit 201', INVALID, () => get('?limit=201')],
    ['limit x', INVALID, () => get('?limit=x')],
    ['an unknown query', INVALID, () => get('?operator=ROSHAN')],
    ['a made-up page', [400, 'INVALID_CURSOR'], () => get('?page=abc')],
    ['an unknown block', UNKNOWN_BLOCK, () => get(`/${UNKNOWN_ID}`)],
    ['a block that is no id', UNKNOWN_BLOCK, () => get('/abc')],
    ['errors.csv of an unknown block', UNKNOWN_BLOCK, () => get(`/${UNKNOWN_ID}/errors.csv`)],
    ['errors.csv of what is no id', UNKNOWN_BLOCK, () => get("/'%20OR%201=1/errors.csv")],
  ]);

  it('blocks: a page’s cursor that was changed is none', async () => {
    await suite.expect(201, operator.send(operator.csv(1, 20)));
    const page = String((await suite.expect(200, get('?limit=1'))).nextPage);
    const changed = `${page.slice(0, 4)}${page[4] === 'A' ? 'B' : 'A'}${page.slice(5)}`;
    expect(codeOf(await get(`?limit=1&page=${changed}`))).toEqual([400, 'INVALID_CURSOR']);
    expect((await get(`?limit=1&page=${page}`)).status).toBe(200);
    const csv = await suite.admin.get(`${ADMIN}/blocks/${blockId}/errors.csv`);
    expect(csv.body.text).toBe('row,value,code\r\n');
  });

  const register = (body: unknown) => suite.admin.post(`${ADMIN}/identifiers`, body);
  const item = (more: Record<string, unknown> = {}) => ({
    ...{ identifier: operator.numbers(1, 30)[0], operatorId: operator.operatorId },
    ...more,
  });
  table('identifiers:', [
    ['none', INVALID, () => register({ identifiers: [] })],
    ['no list', INVALID, () => register({})],
    [
      '1,001',
      INVALID,
      () => register({ identifiers: Array.from({ length: 1_001 }, () => item()) }),
    ],
    [
      'two operators',
      INVALID,
      () => register({ identifiers: [item(), item({ operatorId: 'AWCC' })] }),
    ],
    [
      'an unknown operator',
      INVALID,
      () => register({ identifiers: [item({ operatorId: 'NOBODY' })] }),
    ],
    ['an unknown member', INVALID, () => register({ identifiers: [item({ state: 'LEASED' })] })],
    [
      'a number as a number',
      INVALID,
      () => register({ identifiers: [item({ identifier: 4040 })] }),
    ],
    [
      'vanity as a text',
      INVALID,
      () => register({ identifiers: [item({ vanityEligible: 'true' })] }),
    ],
    [
      'a class that is none',
      INVALID,
      () => register({ identifiers: [item({ identifierClass: 'FAX' })] }),
    ],
    ['a bad prefix', INVALID, () => register({ blockPrefix: '79', identifiers: [item()] })],
    ['null', INVALID, () => register({ identifiers: [null] })],
    ['a list in place of an item', INVALID, () => register({ identifiers: [[item()]] })],
    ['an empty one', INVALID, () => register({ identifiers: [[]] })],
    ['a list as the body', [400, 'MALFORMED'], () => register([item()])],
  ]);

  it('identifiers: of a mixed list each is told, and only the good one is there', async () => {
    const [good, other] = operator.numbers(2, 40);
    const { operatorId } = operator;
    const body = await suite.expect(
      200,
      register({
        identifiers: [
          { identifier: good, operatorId },
          { identifier: good, operatorId },
          { identifier: '+93701234567', operatorId },
          { identifier: '=1', operatorId },
          { identifier: other, operatorId, validFrom: 'soon' },
          { identifier: other, operatorId, identifierClass: 'ALPHA' },
        ],
      }),
    );
    expect(
      (body.items as { status: string; code?: string }[]).map((i) => i.code ?? i.status),
    ).toEqual([
      'inserted',
      'duplicate',
      'PREFIX_MISMATCH',
      'INVALID_IDENTIFIER',
      'INVALID_VALID_FROM',
      'INVALID_IDENTIFIER',
    ]);
    expect(
      await suite.sql(
        'SELECT identifier FROM numbering.identifiers WHERE originating_block_id = $1',
        [body.blockId],
      ),
    ).toEqual([{ identifier: good }]);
  });

  const addKey = (more: Record<string, unknown>) => {
    const { operatorId } = operator;
    const { keyId, algorithm, publicKeyPem } = new OperatorKey();
    const body = { operatorId, keyId, algorithm, publicKeyPem, ...more };
    return suite.admin.post(`${ADMIN}/signing-keys`, body);
  };
  const pemOf = (key: ReturnType<typeof generateKeyPairSync>['publicKey']) =>
    key.export({ type: 'spki', format: 'pem' }).toString();
  table('signing keys:', [
    ['no PEM', INVALID, () => addKey({ publicKeyPem: 'abc' })],
    [
      'a PEM of nothing',
      INVALID,
      () =>
        addKey({ publicKeyPem: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n' }),
    ],
    ['a private key', INVALID, () => addKey({ publicKeyPem: new OperatorKey().pem() })],
    [
      'an EC key',
      INVALID,
      () =>
        addKey({
          publicKeyPem: pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
        }),
    ],
    [
      'an RSA key of 1,024 bits',
      INVALID,
      () =>
        addKey({
          algorithm: 'RSA-PSS-SHA256',
          publicKeyPem: pemOf(generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey),
        }),
    ],
    [
      'an RSA key as Ed25519',
      INVALID,
      () => addKey({ publicKeyPem: new OperatorKey('RSA-PSS-SHA256').publicKeyPem }),
    ],
    ['an algorithm that is none', INVALID, () => addKey({ algorithm: 'RS256' })],
    ['a keyId that is taken', INVALID, () => addKey({ keyId: operator.key.keyId })],
    ['an unknown operator', INVALID, () => addKey({ operatorId: 'NOBODY' })],
    [
      'an end before its beginning',
      INVALID,
      () => addKey({ validFrom: '2030-01-02T00:00:00Z', validUntil: '2030-01-01T00:00:00Z' }),
    ],
    [
      'an end at its beginning',
      INVALID,
      () => addKey({ validFrom: '2030-01-01T00:00:00Z', validUntil: '2030-01-01T00:00:00Z' }),
    ],
    ['a date that is none', INVALID, () => addKey({ validFrom: 'tomorrow' })],
    [
      'revoking a key that is not there',
      NOT_FOUND,
      () => suite.admin.post(`${ADMIN}/signing-keys/nobody/revoke`),
    ],
    [
      'revoking with a member',
      INVALID,
      () => suite.admin.post(`${ADMIN}/signing-keys/${operator.key.keyId}/revoke`, { at: 'now' }),
    ],
    ['a page of 201', INVALID, () => suite.admin.get(`${ADMIN}/signing-keys?limit=201`)],
  ]);

  const put = (body: unknown, id = operator.operatorId) =>
    suite.admin.put(`${ADMIN}/operators/${id}`, body);
  table('operators:', [
    ['no name', INVALID, () => put({ prefixes: ['79'] })],
    ['no prefixes', INVALID, () => put({ name: 'N' })],
    ['a prefix with +93', INVALID, () => put({ name: 'N', prefixes: ['+9379'] })],
    ['a prefix of one digit', INVALID, () => put({ name: 'N', prefixes: ['7'] })],
    ['a prefix of ten digits', INVALID, () => put({ name: 'N', prefixes: ['7912345678'] })],
    ['a prefix with letters', INVALID, () => put({ name: 'N', prefixes: ['7x'] })],
    ['a prefix as a number', INVALID, () => put({ name: 'N', prefixes: [79] })],
    [
      '101 prefixes',
      INVALID,
      () => put({ name: 'N', prefixes: Array.from({ length: 101 }, (_, i) => String(100 + i)) }),
    ],
    ['an unknown member', INVALID, () => put({ name: 'N', prefixes: [], country: 'AF' })],
    ['an id in lower case', INVALID, () => put({ name: 'N', prefixes: [] }, 'newtel')],
    ['an id of one letter', INVALID, () => put({ name: 'N', prefixes: [] }, 'N')],
    [
      'reading one that is not there',
      NOT_FOUND,
      () => suite.admin.get(`${ADMIN}/operators/NOBODY`),
    ],
  ]);

  it('operators: prefixes can be changed, and count from the next import on', async () => {
    const other = await TestOperator.create(suite.admin);
    const { prefix: moved } = await TestOperator.create(suite.admin);
    const before = other.csv(1);
    const after = Buffer.from(before.toString().replace(`+93${other.prefix}`, `+93${moved}`));
    expect(await suite.expect(201, other.send(after))).toMatchObject({ inserted: 0, invalid: 1 });
    await suite.expect(200, put({ name: 'moved', prefixes: [moved, moved] }, other.operatorId));
    expect((await suite.admin.get(`${ADMIN}/operators/${other.operatorId}`)).body).toEqual({
      ...{ operatorId: other.operatorId, name: 'moved', prefixes: [moved] },
    });
    const again = Buffer.concat([after, Buffer.from('\n')]);
    expect(await suite.expect(201, other.send(again))).toMatchObject({ inserted: 1, invalid: 0 });
    expect(await suite.expect(201, other.send(before))).toMatchObject({ inserted: 0, invalid: 1 });
  });
});
