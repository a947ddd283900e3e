import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { numberPath, openDoor, type Answer, type Door } from './testing/door';

const ADMIN = '/v1/admin/numbering';
const MEGABYTE = 1024 * 1024;
const UUID = /^[0-9a-f-]{36}$/;

interface FormParts {
  operatorId?: string;
  signature?: string;
  keyId?: string;
  identifierClass?: string;
  csv?: string;
  fileFirst?: boolean;
  more?: Record<string, string>;
}

function formOf({ csv, fileFirst = false, more = {}, ...fields }: FormParts): FormData {
  const form = new FormData();
  const file = () => {
    if (csv === undefined) return;
    form.append('csvFile', new Blob([csv], { type: 'text/csv' }), 'block.csv');
  };
  if (fileFirst) file();
  for (const [name, value] of Object.entries({ ...fields, ...more })) {
    if (value !== undefined) form.append(name, value);
  }
  if (!fileFirst) file();
  return form;
}

/** A form with a file of so many bytes; `told`: only its length is sent. */
function upload(door: Door, bytes: number, told: boolean): Promise<Answer> {
  const head = '--b\r\nContent-Disposition: form-data; name="csvFile"; filename="f.csv"\r\n\r\n';
  const { hostname, port } = new URL(door.url);
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      ...{ hostname, port, method: 'POST', path: `${ADMIN}/blocks/import` },
      headers: {
        authorization: `Bearer ${door.adminToken}`,
        'content-type': 'multipart/form-data; boundary=b',
        ...(told ? { 'content-length': String(bytes) } : { 'transfer-encoding': 'chunked' }),
      },
    });
    request.on('response', (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (piece: string) => (text += piece));
      response.on('end', () => {
        request.destroy();
        const body = JSON.parse(text) as Answer['body'];
        resolve({ status: response.statusCode ?? 0, headers: new Headers(), body, text });
      });
    });
    request.on('error', reject);
    request.write(head);
    if (told) return;
    const piece = Buffer.alloc(MEGABYTE, '1');
    for (let sent = 0; sent < bytes; sent += MEGABYTE) request.write(piece);
    request.end('\r\n--b--\r\n');
  });
}

describe('what admins do', () => {
  let door: Door;
  let key: KeyObject;
  beforeAll(async () => {
    door = await openDoor();
    const pair = generateKeyPairSync('ed25519');
    key = pair.privateKey;
    const publicKeyPem = pair.publicKey.export({ type: 'spki', format: 'pem' });
    const body = { operatorId: 'ROSHAN', keyId: 'roshan-1', algorithm: 'Ed25519', publicKeyPem };
    const added = await door.admin.post(`${ADMIN}/signing-keys`, body);
    expect(added.status).toBe(201);
  });
  afterAll(() => door.close());

  const signed = (csv: string) => sign(null, Buffer.from(csv), key).toString('base64');
  const send = (parts: FormParts, headers: Record<string, string> = {}) =>
    door.admin.post(`${ADMIN}/blocks/import`, formOf(parts), { headers });
  const numbers = (first: number, count: number) =>
    Array.from({ length: count }, (_, i) => `+93720${String(first + i).padStart(6, '0')}`);
  const block = (first: number, count: number) => `msisdn\n${numbers(first, count).join('\n')}\n`;
  const ask = (csv: string, more: FormParts = {}): FormParts => ({
    operatorId: 'ROSHAN',
    signature: signed(csv),
    csv,
    ...more,
  });
  const expectCode = ({ status, body }: Answer, wanted: [number, string]) =>
    expect([status, body.code]).toEqual(wanted);

  describe('US-NUM-001 import of a signed block', () => {
    it('takes a block, shows it, and tells all its refused rows', async () => {
      const csv = `${block(1, 3)}+93720000001\n+93700000000\n=1+1\n`;
      const { status, body } = await send(ask(csv));
      expect([status, body]).toMatchObject([
        201,
        { operatorId: 'ROSHAN', inserted: 3, duplicates: 1, invalid: 2 },
      ]);
      expect(body['errors']).toHaveLength(2);
      const blockId = String(body['blockId']);
      expect(blockId).toMatch(UUID);
      expect((await door.admin.get(`${ADMIN}/blocks/${blockId}`)).body).toMatchObject({
        blockId,
        source: 'IMPORT',
        inserted: 3,
        importedBy: 'admin-1',
      });
      const csvOfErrors = await door.admin.get(String(body['errorsUrl']));
      expect(csvOfErrors.headers.get('content-type')).toMatch(/^text\/csv/);
      expect(csvOfErrors.text.split('\r\n')).toEqual([
        'row,value,code',
        '4,+93720000001,DUPLICATE_IN_FILE',
        '5,+93700000000,PREFIX_MISMATCH',
        expect.stringMatching(/^6,'=1\+1,/),
        '',
      ]);
      const { body: again } = await send(ask(csv, { fileFirst: true }));
      expect(again['blockId']).toBe(blockId);
    });

    it('replays under an Idempotency-Key for the same fields and bytes in any order', async () => {
      const csv = block(100, 2);
      const headers = { 'idempotency-key': 'import-1' };
      const first = await send(ask(csv), headers);
      const again = await send(ask(csv, { fileFirst: true }), headers);
      expect([first.status, again.status]).toEqual([201, 201]);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      expect(again.body).toEqual(first.body);
      const other = block(200, 2);
      expectCode(await send(ask(other), headers), [422, 'IDEMPOTENCY_KEY_REUSED']);
    });

    it('refuses what is not signed by the operator’s key', async () => {
      const csv = block(300, 1);
      for (const signature of [signed(`${csv} `), 'no base64!', '']) {
        expectCode(await send(ask(csv, { signature })), [422, 'SIGNATURE_INVALID']);
      }
      const found = await door.sql(
        `SELECT count(*)::int AS n FROM numbering.audit_log WHERE action = 'SIGNATURE_REJECTED'`,
      );
      expect(found).toEqual([{ n: 3 }]);
      expectCode(await door.admin.get(numberPath('+93720000300')), [404, 'UNKNOWN_IDENTIFIER']);
    });

    it('refuses a form that is not the one of a block', async () => {
      const csv = block(400, 1);
      const faults = async (parts: FormParts) => {
        const answer = await send(parts);
        expectCode(answer, [422, 'VALIDATION_FAILED']);
        const errors = answer.body['errors'] as { field: string; code: string }[];
        return errors.map(({ field, code }) => `${field} ${code}`);
      };
      expect(await faults({ more: { x: '1' } })).toEqual([
        'x UNKNOWN_MEMBER',
        'operatorId REQUIRED',
        'signature REQUIRED',
        'csvFile REQUIRED',
      ]);
      expect(await faults(ask(csv, { identifierClass: 'FAX' }))).toEqual(['identifierClass IS_IN']);
      expect(await faults(ask(csv, { csv: undefined, more: { csvFile: csv } }))).toEqual([
        'csvFile IS_FILE',
      ]);
      expect(await faults(ask(csv, { operatorId: 'NOBODY' }))).toEqual([
        'operatorId UNKNOWN_OPERATOR',
      ]);
      expectCode(await send(ask('number\n1\n')), [422, 'INVALID_CSV']);
      const broken = await door.admin.post(`${ADMIN}/blocks/import`, '--b\r\ncontent-dispo', {
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
      });
      expectCode(broken, [400, 'MALFORMED']);
      const unbound = await door.admin.post(`${ADMIN}/blocks/import`, 'x', {
        headers: { 'content-type': 'multipart/form-data' },
      });
      expectCode(unbound, [400, 'MALFORMED']);
    });

    it('refuses a file of more than 128 MB, whether or not its length was told', async () => {
      const told = await upload(door, 200 * MEGABYTE, true);
      expectCode(told, [413, 'PAYLOAD_TOO_LARGE']);
      expectCode(await upload(door, 129 * MEGABYTE, false), [413, 'PAYLOAD_TOO_LARGE']);
      expect((await door.as(undefined).get('/health/live')).status).toBe(200);
    });

    it('takes no more from a key that was revoked', async () => {
      const { publicKey, privateKey } = generateKeyPairSync('ed25519');
      const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' });
      const body = { operatorId: 'AWCC', keyId: 'awcc-1', algorithm: 'Ed25519', publicKeyPem };
      const added = await door.admin.post(`${ADMIN}/signing-keys`, body);
      expect(added.body).toMatchObject({ keyId: 'awcc-1', revokedAt: null, validUntil: null });
      expect(added.body).not.toHaveProperty('publicKeyPem');
      const revoked = await door.admin.post(`${ADMIN}/signing-keys/awcc-1/revoke`, {});
      expect([revoked.status, typeof revoked.body['revokedAt']]).toEqual([200, 'string']);
      const csv = 'msisdn\n+93700000001\n';
      const signature = sign(null, Buffer.from(csv), privateKey).toString('base64');
      expectCode(await send({ operatorId: 'AWCC', signature, csv }), [422, 'SIGNATURE_INVALID']);
      expectCode(await door.admin.post(`${ADMIN}/signing-keys/nobody/revoke`, {}), [
        404,
        'NOT_FOUND',
      ]);
      const { body: listed } = await door.admin.get(`${ADMIN}/signing-keys`);
      expect(listed.items?.map(({ keyId }) => keyId)).toEqual(['awcc-1', 'roshan-1']);
    });
  });

  it('lists blocks in pages, newest first', async () => {
    const first = await door.admin.get(`${ADMIN}/blocks?limit=1`);
    const second = await door.admin.get(
      `${ADMIN}/blocks?limit=1&page=${String(first.body['nextPage'])}`,
    );
    const [newer, older] = [first, second].map(({ body }) =>
      String(body.items?.[0]?.['importedAt']),
    );
    expect(Date.parse(newer ?? '')).toBeGreaterThanOrEqual(Date.parse(older ?? ''));
  });

  it('changes operators, and says so in the audit log', async () => {
    const put = await door.admin.put(`${ADMIN}/operators/NEWTEL`, {
      name: 'New Tel',
      prefixes: ['701'],
    });
    const shape = { operatorId: 'NEWTEL', name: 'New Tel', prefixes: ['701'] };
    expect([put.status, put.body]).toEqual([200, shape]);
    expect((await door.admin.get(`${ADMIN}/operators/NEWTEL`)).body).toEqual(shape);
    expectCode(await door.admin.get(`${ADMIN}/operators/NOBODY`), [404, 'NOT_FOUND']);
    for (const [id, prefixes] of [
      ['newtel', ['70']],
      ['NEWTEL', ['7x']],
      ['NEWTEL', ['+9370']],
    ] as const) {
      const answer = await door.admin.put(`${ADMIN}/operators/${id}`, { name: 'N', prefixes });
      expectCode(answer, [422, 'VALIDATION_FAILED']);
    }
  });

  it('suspends and reinstates a tenant', async () => {
    const tenant = await door.tenant('frozen');
    const [number = ''] = await door.numbers(1);
    const why = { ticketId: 'T-1', reason: 'unpaid', cascade: false };
    const suspended = await door.admin.post(`${ADMIN}/tenants/frozen/suspend`, why);
    expect([suspended.status, suspended.body['status']]).toEqual([200, 'SUSPENDED']);
    expectCode(await tenant.post(numberPath(number, 'reserve'), {}), [403, 'TENANT_SUSPENDED']);
    const back = await door.admin.post(`${ADMIN}/tenants/frozen/reinstate`, {});
    expect([back.status, back.body['status']]).toEqual([200, 'ACTIVE']);
    expect((await tenant.post(numberPath(number, 'reserve'), {})).status).toBe(201);
  });

  it('releases a number from its cool-down, by another officer than who recalled it', async () => {
    const tenant = await door.tenant('rotating');
    const [number = ''] = await door.numbers(1);
    await tenant.post(numberPath(number, 'reserve'), {});
    const terms = { tenantId: 'rotating', term: '1y', autoRenew: false };
    await tenant.post(numberPath(number, 'lease'), terms);
    const recall = { reason: 'ABUSE', actorId: 'admin-1', ticketId: 'T-2' };
    expect((await door.admin.post(numberPath(number, 'recall'), recall)).status).toBe(200);
    const path = `/v1/admin/numbers/${encodeURIComponent(number)}/quarantine/release`;
    const why = { justification: 'The operator asked for it' };
    expectCode(await door.admin.post(path, why), [403, 'SELF_BYPASS_FORBIDDEN']);
    const officer = door.as(
      await door.issuer.token({ sub: 'officer', scope: 'numbering:compliance' }),
    );
    const released = await officer.post(path, why);
    expect([released.status, released.body['state']]).toEqual([200, 'AVAILABLE']);
    expectCode(await tenant.post(numberPath(number, 'reserve'), {}), [
      403,
      'SELF_BYPASS_FORBIDDEN',
    ]);
    const retired = await door.admin.post(
      `/v1/admin/numbers/${encodeURIComponent(number)}/retire`,
      {
        reason: 'withdrawn',
      },
    );
    expect([retired.status, retired.body['state']]).toEqual([200, 'RETIRED']);
  });

  it('describes every route and code in openapi.json, for anybody', async () => {
    const { status, body } = await door.as(undefined).get('/openapi.json');
    expect(status).toBe(200);
    const paths = Object.keys(body['paths'] as object);
    expect(paths).toEqual(
      expect.arrayContaining([
        '/v1/numbers/{identifier}/reserve',
        '/v1/numbers/reservations',
        '/v1/numbers/{identifier}/lease',
        '/v1/admin/numbering/blocks/import',
        '/v1/admin/numbering/tenants/{tenantId}/quotas',
        '/v1/admin/numbers/{identifier}/quarantine/release',
      ]),
    );
    const schemas = (body['components'] as { schemas: Record<string, unknown> }).schemas;
    expect(JSON.stringify(schemas)).toContain('QUARANTINE_ACTIVE');
    for (const path of ['/docs', '/docs/swagger-ui-bundle.js', '/docs/errors', '/metrics']) {
      expect((await door.as(undefined).get(path)).status).toBe(200);
    }
  });
});
