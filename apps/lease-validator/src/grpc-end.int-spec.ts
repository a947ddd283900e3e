import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { credentials, Metadata, Client, status as GrpcStatus } from '@grpc/grpc-js';
import { eventually } from '@numbering/testing';
import { openApp, SERVERS, trusted, type OpenApp } from './testing/door';
import { framed, questionBytes, RawClient, VALIDATE } from './testing/raw-call';
import { Rig } from './testing/rig';

jest.setTimeout(60_000);

const OWN = 'tenant-own';

describe.each(SERVERS)('the end of a process with the %s server', (server) => {
  let rig: Rig;
  let leased: string;

  beforeAll(async () => {
    rig = await Rig.open();
    leased = await rig.ledger.register();
    await rig.ledger.change(leased, { state: 'LEASED', tenantId: OWN });
    rig.startEvictor();
  });

  afterAll(() => rig.close());

  it('says GOAWAY, and answers the call that is still being asked', async () => {
    const open = await openApp(rig, { GRPC_SERVER: server });
    const { address, app, caller } = open;
    await trusted(open);
    const raw = new RawClient(address);
    const question = framed(questionBytes(leased, OWN));
    const call = raw.open(VALIDATE);
    call.write(question.subarray(0, 7));
    await raw.call(VALIDATE, [question]); // What was sent before it has arrived, too.
    const closed = app.close();
    await eventually(() => expect(raw.goAways).toContain(0));
    call.end(question.subarray(7));
    expect((await raw.answerOf(call)).grpcStatus).toBe('0');
    await closed;
    await expect(caller.ask(leased, OWN, 500)).rejects.toMatchObject({
      code: GrpcStatus.UNAVAILABLE,
    });
    caller.close();
    raw.close();
  });
});

describe.each(SERVERS)('TLS with the %s server', (server) => {
  let folder: string;
  let rig: Rig;
  let leased: string;
  const file = (name: string): string => path.join(folder, name);
  const read = (name: string): Buffer => readFileSync(file(name));

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'numbering-tls-'));
    makeCertificates(folder);
    rig = await Rig.open();
    leased = await rig.ledger.register();
    await rig.ledger.change(leased, { state: 'LEASED', tenantId: OWN });
    rig.startEvictor();
  });

  afterAll(async () => {
    await rig.close();
    rmSync(folder, { recursive: true });
  });

  /** The bytes of one answer. */
  function ask({ address }: OpenApp, own?: string): Promise<Buffer> {
    const pair = own === undefined ? [null, null] : [read(`${own}.key`), read(`${own}.crt`)];
    const client = new Client(address, credentials.createSsl(read('ca.crt'), ...pair), {
      'grpc.ssl_target_name_override': 'localhost',
    });
    const same = (bytes: Buffer): Buffer => bytes;
    return new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(
        VALIDATE,
        same,
        same,
        questionBytes(leased, OWN),
        new Metadata(),
        { deadline: Date.now() + 5_000 },
        (error, answer) => (error ? reject(error) : resolve(answer ?? Buffer.alloc(0))),
      );
    }).finally(() => client.close());
  }

  it('answers over TLS', async () => {
    const env = {
      GRPC_SERVER: server,
      GRPC_TLS_CERT: file('server.crt'),
      GRPC_TLS_KEY: file('server.key'),
    };
    const open = await openApp(rig, env);
    await trusted(open);
    expect([...(await ask(open)).subarray(0, 2)]).toEqual([0x08, 1]);
    await expect(open.caller.ask(leased, OWN, 1_000)).rejects.toThrow(); // In the clear.
    await open.close();
  });

  it('takes a client certificate of its authority for a token, and nobody without one', async () => {
    const env = {
      GRPC_SERVER: server,
      GRPC_AUTH: 'jwt',
      JWT_ISSUER: 'https://issuer.test',
      JWT_AUDIENCE: 'numbering',
      JWKS_URL: 'http://127.0.0.1:9/jwks.json',
      GRPC_TLS_CERT: file('server.crt'),
      GRPC_TLS_KEY: file('server.key'),
      GRPC_TLS_CA: file('ca.crt'),
    };
    const open = await openApp(rig, env);
    await trusted(open);
    expect([...(await ask(open, 'client')).subarray(0, 2)]).toEqual([0x08, 1]);
    await expect(ask(open)).rejects.toMatchObject({ code: GrpcStatus.UNAVAILABLE });
    await expect(ask(open, 'stranger')).rejects.toMatchObject({ code: GrpcStatus.UNAVAILABLE });
    await open.close();
  });
});

/** An authority, a server and a client that it signed, and a stranger that signed itself. */
function makeCertificates(folder: string): void {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const self = (name: string): void =>
    openssl(
      ...['req', '-x509', ...key, '-days', '2', '-subj', `/CN=${name}`],
      ...['-keyout', `${name}.key`, '-out', `${name}.crt`],
    );
  self('ca');
  self('stranger');
  for (const [name, subject] of [
    ['server', 'localhost'],
    ['client', 'sms-orchestrator'],
  ] as const) {
    openssl(
      ...['req', '-x509', ...key, '-days', '2', '-CA', 'ca.crt', '-CAkey', 'ca.key'],
      ...['-subj', `/CN=${subject}`, '-addext', `subjectAltName=DNS:${subject}`],
      ...['-keyout', `${name}.key`, '-out', `${name}.crt`],
    );
  }
}
