import { connect } from 'node:http2';
import { status as GrpcStatus } from '@grpc/grpc-js';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { fastifyAdapter } from '@numbering/platform';
import { eventually, freePort, ValidatorClient, type LeaseQuestion } from '@numbering/testing';
import { AnswerStreams } from './answer-stream';
import { AppModule } from './app.module';
import { GrpcDoor } from './grpc-door';
import { Issuer } from './testing/issuer';
import { Knowledge } from './knowledge';
import type { ValidateLeaseResponse } from './lease-answer';
import { Rig } from './testing/rig';

jest.setTimeout(60_000);

const OWN = 'tenant-own';
const OTHER = 'tenant-other';
const question = (identifier: string, tenantId: string): LeaseQuestion => ({
  identifier,
  tenantId,
});
const NOTHING = { leaseId: '', effectiveUntil: null, graceUntil: null };

describe('the gRPC door', () => {
  let rig: Rig;
  let issuer: Issuer;
  let app: NestFastifyApplication;
  let caller: ValidatorClient;
  let leased: string;
  let leaseId: string;

  async function boot(
    env: Record<string, string>,
  ): Promise<[NestFastifyApplication, ValidatorClient]> {
    const port = await freePort();
    const config = rig.config({ ...env, GRPC_PORT: String(port) });
    const booted = await NestFactory.create<NestFastifyApplication>(
      AppModule.of(config),
      fastifyAdapter(),
      { logger: false },
    );
    await booted.get(Knowledge).open();
    await booted.get(GrpcDoor).open(booted);
    await booted.listen(0, '127.0.0.1');
    return [booted, new ValidatorClient(`127.0.0.1:${port}`)];
  }

  beforeAll(async () => {
    rig = await Rig.open();
    issuer = await Issuer.open();
    [app, caller] = await boot(issuer.env);
    leased = await rig.ledger.register();
    ({ leaseId } = await rig.ledger.change(leased, { state: 'LEASED', tenantId: OWN }));
    rig.startEvictor();
    await eventually(() => expect(app.get(Knowledge).lookup.isTrusted).toBe(true));
  });

  beforeEach(async () => {
    caller.authorization = `Bearer ${await issuer.token()}`;
  });

  afterAll(async () => {
    caller.close();
    await app.close();
    await issuer.close();
    await rig.close();
  });

  const noStreamIsOpen = () => eventually(() => expect(app.get(AnswerStreams).open).toBe(0));
  const refused = (call: Promise<unknown>, code: GrpcStatus) =>
    expect(call).rejects.toMatchObject({ code });

  it('answers one question, with lease and end for the holder and nothing for others', async () => {
    const [row] = await rig.ledger.sql(
      'SELECT effective_until AS until FROM numbering.leases WHERE lease_id = $1',
      [leaseId],
    );
    const untilMs = (row?.['until'] as Date).getTime();
    const answer = await caller.ask(leased, OWN);
    expect(answer).toMatchObject({ valid: true, reason: '', leaseId, graceUntil: null });
    const { seconds, nanos } = answer.effectiveUntil ?? { seconds: 0, nanos: 0 };
    expect(seconds * 1_000 + nanos / 1_000_000).toBe(untilMs);
    expect(await caller.ask(leased.slice(1), OTHER)).toEqual({
      ...NOTHING,
      valid: false,
      reason: 'WRONG_TENANT',
    });
    expect(await caller.ask('+93790000001', OWN)).toEqual({
      ...NOTHING,
      valid: false,
      reason: 'NOT_REGISTERED',
    });
  });

  it('answers a batch in order, up to 1,000', async () => {
    const asks = Array.from({ length: 1_000 }, (_, at) => question(leased, at % 3 ? OWN : OTHER));
    const answers = await caller.askAll(asks);
    expect(answers.map((each) => each.valid)).toEqual(asks.map(({ tenantId }) => tenantId === OWN));
    expect(await caller.askAll([])).toEqual([]);
    await refused(caller.askAll([...asks, question(leased, OWN)]), GrpcStatus.INVALID_ARGUMENT);
  });

  it('answers a stream in order, each question before the next is asked', async () => {
    const asks = Array.from({ length: 300 }, (_, at) => question(leased, at % 3 ? OWN : OTHER));
    const answers = await caller.askStreamed(asks);
    expect(answers.map((each) => each.valid)).toEqual(asks.map(({ tenantId }) => tenantId === OWN));
    const call = caller.stream();
    call.on('error', () => undefined);
    for (let round = 0; round < 20; round++) {
      const next = new Promise<ValidateLeaseResponse>((resolve) => call.once('data', resolve));
      call.write({ identifier: leased, tenantId: OWN });
      expect((await next).leaseId).toBe(leaseId);
    }
    call.end();
    await noStreamIsOpen();
  });

  it('refuses malformed input on all three calls, with its index', async () => {
    const bad = [
      '',
      '+93',
      '+937900000001',
      '12',
      'BAD!ID',
      'A\u0000B',
      'tail ',
      'x'.repeat(9_999),
    ];
    for (const form of bad) await refused(caller.ask(form, OWN), GrpcStatus.INVALID_ARGUMENT);
    for (const tenant of ['', 'a\u0000b', 't'.repeat(256)]) {
      await refused(caller.ask(leased, tenant), GrpcStatus.INVALID_ARGUMENT);
    }
    for (const at of [1, 7]) {
      const asks = Array.from({ length: 9 }, (_, i) => question(i === at ? '+93' : leased, OWN));
      for (const call of [caller.askAll(asks), caller.askStreamed(asks)]) {
        await expect(call).rejects.toMatchObject({
          code: GrpcStatus.INVALID_ARGUMENT,
          details: expect.stringContaining(`item ${at}:`),
        });
      }
    }
  });

  it('survives bytes that are no message, on each call', async () => {
    const junk = Buffer.from('ffffffffffff', 'hex');
    const at = '/numbering.v1.LeaseValidator';
    await expect(caller.raw(`${at}/ValidateLease`, junk)).rejects.toThrow();
    await expect(caller.raw(`${at}/ValidateLeases`, junk)).rejects.toThrow();
    await expect(
      caller.raw(`${at}/ValidateLeaseStream`, junk, { isStream: true }),
    ).rejects.toThrow();
    await noStreamIsOpen();
    expect((await caller.ask(leased, OWN)).valid).toBe(true);
  });

  it.each([
    ['no token', () => undefined],
    ['nothing after Bearer', () => 'Bearer'],
    ['no Bearer', (token: string) => token],
    ['another scheme', (token: string) => `Basic ${token}`],
    ['a forged token', (token: string) => `Bearer ${token.slice(0, -4)}AAAA`],
  ])('lets nobody in with %s', async (_, header) => {
    caller.authorization = header(await issuer.token());
    await refused(caller.ask(leased, OWN), GrpcStatus.UNAUTHENTICATED);
    await refused(caller.askAll([question(leased, OWN)]), GrpcStatus.UNAUTHENTICATED);
    await refused(caller.askStreamed([question(leased, OWN)]), GrpcStatus.UNAUTHENTICATED);
  });

  it('lets nobody in whose token has ended or has not the scope', async () => {
    caller.authorization = `Bearer ${await issuer.token({}, -1)}`;
    await refused(caller.ask(leased, OWN), GrpcStatus.UNAUTHENTICATED);
    caller.authorization = `Bearer ${await issuer.token({ scope: 'numbering:read' })}`;
    await refused(caller.ask(leased, OWN), GrpcStatus.PERMISSION_DENIED);
    await refused(caller.askAll([question(leased, OWN)]), GrpcStatus.PERMISSION_DENIED);
    await refused(caller.askStreamed([question(leased, OWN)]), GrpcStatus.PERMISSION_DENIED);
  });

  it('ends a stream with its token, also an idle one', async () => {
    caller.authorization = `Bearer ${await issuer.token({}, 2)}`;
    const call = caller.stream();
    const ended = new Promise((resolve) => call.once('error', resolve));
    call.write({ identifier: leased, tenantId: OWN });
    await new Promise((resolve) => call.once('data', resolve));
    expect(await ended).toMatchObject({ code: GrpcStatus.UNAUTHENTICATED });
    await noStreamIsOpen();
  });

  it('leaves nothing of a stream whose caller has gone', async () => {
    const call = caller.stream();
    call.on('error', () => undefined);
    call.write({ identifier: leased, tenantId: OWN });
    await new Promise((resolve) => call.once('data', resolve));
    expect(app.get(AnswerStreams).open).toBe(1);
    call.cancel();
    await noStreamIsOpen();
  });

  it('says that it cannot say who calls, while the issuer is away', async () => {
    const away = await Issuer.open();
    const token = await away.token();
    const { env } = away;
    await away.close();
    const [other, lone] = await boot(env);
    lone.authorization = `Bearer ${token}`;
    await refused(lone.ask(leased, OWN), GrpcStatus.UNAVAILABLE);
    await refused(lone.askStreamed([question(leased, OWN)]), GrpcStatus.UNAVAILABLE);
    lone.close();
    await other.close();
  });

  it('shows health and reflection without a token', async () => {
    caller.authorization = undefined;
    const name = 'numbering.v1.LeaseValidator';
    for (const ask of [
      Buffer.alloc(0),
      Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name)]),
    ]) {
      const answer = await caller.raw('/grpc.health.v1.Health/Check', ask);
      expect([...answer]).toEqual([0x08, 0x01]);
    }
    const list = Buffer.from([0x3a, 0x01, 0x2a]);
    for (const version of ['v1', 'v1alpha']) {
      const method = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
      expect((await caller.raw(method, list, { isStream: true })).toString('latin1')).toContain(
        name,
      );
    }
  });

  it('judges nothing for a caller whose time was over when the call came', async () => {
    const answered = async () => {
      const { body } = await app.inject({ url: '/metrics' });
      const counts = [...body.matchAll(/^num_validate_lease_duration_seconds_count\{.*\} (\d+)/gm)];
      return counts.reduce((all, [, count]) => all + Number(count), 0);
    };
    const before = await answered();
    const [host, authorization] = [`http://${caller.address}`, caller.authorization ?? ''];
    const statuses = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        lateCall(host, authorization, `+9379${String(3_000_000 + i)}`),
      ),
    );
    expect(new Set(statuses)).toEqual(new Set([String(GrpcStatus.DEADLINE_EXCEEDED)]));
    expect(await answered()).toBe(before);
  });

  it('is alive and ready, and counts its answers', async () => {
    for (const url of ['/health/live', '/health/ready']) {
      expect((await app.inject({ url })).statusCode).toBe(200);
    }
    const counted = async (): Promise<number> => {
      const { body } = await app.inject({ url: '/metrics' });
      const line =
        /^num_validate_lease_duration_seconds_count\{path="memory",valid="true"\} (\d+)/m;
      return Number(line.exec(body)?.[1] ?? 0);
    };
    const before = await counted();
    for (let asked = 0; asked < 5; asked++) await caller.ask(leased, OWN);
    expect(await counted()).toBeGreaterThanOrEqual(before + 5);
  });

  it('drains: tells open streams to go on elsewhere, and takes no call any more', async () => {
    const [other, lone] = await boot({ GRPC_AUTH: 'none' });
    const call = lone.stream();
    const ended = new Promise((resolve) => call.once('error', resolve));
    call.write({ identifier: leased, tenantId: OWN });
    await new Promise((resolve) => call.once('data', resolve));
    await other.close();
    expect(await ended).toMatchObject({ code: GrpcStatus.UNAVAILABLE });
    await refused(lone.ask(leased, OWN, 500), GrpcStatus.UNAVAILABLE);
    lone.close();
  });
});

/** What a client of gRPC would not send: a call that has a microsecond left. @returns its grpc-status */
async function lateCall(host: string, authorization: string, identifier: string): Promise<string> {
  const session = connect(host);
  const call = session.request({
    ':method': 'POST',
    ':path': '/numbering.v1.LeaseValidator/ValidateLease',
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': '1u',
    authorization,
  });
  const field = (tag: number, text: string) =>
    Buffer.concat([Buffer.from([tag, text.length]), Buffer.from(text)]);
  const message = Buffer.concat([field(0x0a, identifier), field(0x12, OWN)]);
  call.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]));
  const status = await new Promise<string>((resolve, reject) => {
    const told = (headers: Record<string, unknown>): void => {
      if (headers['grpc-status'] !== undefined) resolve(String(headers['grpc-status']));
    };
    call.on('response', told).on('trailers', told).on('error', reject).resume();
  });
  session.close();
  return status;
}
