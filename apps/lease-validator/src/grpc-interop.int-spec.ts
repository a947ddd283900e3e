import { constants } from 'node:http2';
import { deflateSync, gzipSync } from 'node:zlib';
import { status as GrpcStatus } from '@grpc/grpc-js';
import { eventually } from '@numbering/testing';
import { AnswerStreams } from './answer-stream';
import { openApp, SERVERS, trusted, type OpenApp } from './testing/door';
import {
  framed,
  questionBytes,
  RawClient,
  VALIDATE,
  VALIDATE_ALL,
  VALIDATE_STREAM,
} from './testing/raw-call';
import { Rig } from './testing/rig';

jest.setTimeout(60_000);

const OWN = 'tenant-own';
const is = (status: GrpcStatus): string => String(status);

describe.each(SERVERS)('gRPC as %s speaks it', (server) => {
  let rig: Rig;
  let open: OpenApp;
  let raw: RawClient;
  let leased: string;
  let question: Buffer;

  beforeAll(async () => {
    rig = await Rig.open();
    open = await openApp(rig, { GRPC_SERVER: server });
    leased = await rig.ledger.register();
    await rig.ledger.change(leased, { state: 'LEASED', tenantId: OWN });
    question = questionBytes(leased, OWN);
    rig.startEvictor();
    await trusted(open);
  });

  beforeEach(() => {
    raw = new RawClient(open.address);
  });

  afterEach(() => raw.close());

  afterAll(async () => {
    await open.close();
    await rig.close();
  });

  it('answers with HTTP 200, a message and the status in trailers', async () => {
    const { httpStatus, headers, body, grpcStatus } = await raw.call(VALIDATE, [framed(question)]);
    expect(httpStatus).toBe(200);
    expect(headers['content-type']).toMatch(/^application\/grpc/);
    expect(headers['grpc-accept-encoding']).toContain('gzip');
    expect(body.readUInt8(0)).toBe(0);
    expect(body.readUInt32BE(1)).toBe(body.length - 5);
    expect([...body.subarray(5, 7)]).toEqual([0x08, 1]); // valid
    expect(grpcStatus).toBe(is(GrpcStatus.OK));
  });

  it('takes a message in as many pieces as it comes in', async () => {
    const pieces = [...framed(question)].map((byte) => Buffer.of(byte));
    const whole = await raw.call(VALIDATE, [framed(question)]);
    const { grpcStatus, body } = await raw.call(VALIDATE, pieces);
    expect(grpcStatus).toBe(is(GrpcStatus.OK));
    expect(body).toEqual(whole.body);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('takes messages compressed with %s', async (encoding, compress) => {
    const headers = { 'grpc-encoding': encoding };
    const plain = await raw.call(VALIDATE, [framed(question)], headers);
    const packed = await raw.call(VALIDATE, [framed(compress(question), 1)], headers);
    expect([plain.grpcStatus, packed.grpcStatus]).toEqual(['0', '0']);
    expect(packed.body).toEqual(plain.body);
    const mixed = [framed(compress(question), 1), framed(question), framed(compress(question), 1)];
    const streamed = await raw.call(VALIDATE_STREAM, mixed, headers);
    expect(streamed.body).toEqual(Buffer.concat([plain.body, plain.body, plain.body]));
  });

  it('says which compression it does not know, and fails for what is not compressed so', async () => {
    const unknown = await raw.call(VALIDATE, [framed(question, 1)], { 'grpc-encoding': 'br' });
    expect(unknown.grpcStatus).toBe(is(GrpcStatus.UNIMPLEMENTED));
    const wrong = await raw.call(VALIDATE, [framed(question, 1)], { 'grpc-encoding': 'gzip' });
    expect(wrong.grpcStatus).toBe(is(GrpcStatus.INTERNAL));
  });

  it('stops at a message that is too long, also one that is so inflated', async () => {
    const long = Buffer.alloc(1024 * 1024 + 1);
    const head = framed(long).subarray(0, 5);
    for (const path of [VALIDATE, VALIDATE_ALL, VALIDATE_STREAM]) {
      const { grpcStatus } = await raw.call(path, [head]);
      expect(grpcStatus).toBe(is(GrpcStatus.RESOURCE_EXHAUSTED));
      const bomb = await raw.call(path, [framed(gzipSync(long), 1)], { 'grpc-encoding': 'gzip' });
      expect(bomb.grpcStatus).toBe(is(GrpcStatus.RESOURCE_EXHAUSTED));
    }
  });

  it('fails for bytes that are no message, and for no or two messages', async () => {
    const junk = framed(Buffer.from('ffffffffff', 'hex'));
    for (const path of [VALIDATE, VALIDATE_ALL, VALIDATE_STREAM]) {
      expect((await raw.call(path, [junk])).grpcStatus).toBe(is(GrpcStatus.INTERNAL));
    }
    const unimplemented = is(GrpcStatus.UNIMPLEMENTED);
    expect((await raw.call(VALIDATE, [])).grpcStatus).toBe(unimplemented);
    const two = [framed(question), framed(question)];
    expect((await raw.call(VALIDATE, two)).grpcStatus).toBe(unimplemented);
    const half = framed(question).subarray(0, 9);
    expect((await raw.call(VALIDATE, [half])).grpcStatus).toBe(unimplemented);
  });

  it('skips fields that it does not know', async () => {
    const more = Buffer.concat([
      Buffer.from('7801', 'hex'),
      question,
      Buffer.from('8a01027878', 'hex'),
    ]);
    const known = await raw.call(VALIDATE, [framed(question)]);
    expect((await raw.call(VALIDATE, [framed(more)])).body).toEqual(known.body);
  });

  it('does not know other methods and services', async () => {
    for (const path of ['/numbering.v1.LeaseValidator/Nothing', '/other.Service/Method', '/']) {
      const { httpStatus, grpcStatus } = await raw.call(path, [framed(question)]);
      expect([httpStatus, grpcStatus]).toEqual([200, is(GrpcStatus.UNIMPLEMENTED)]);
    }
  });

  it('answers what is no gRPC by HTTP: 415', async () => {
    for (const type of ['application/json', 'text/plain', 'application/grp']) {
      const { httpStatus } = await raw.call(VALIDATE, [], { 'content-type': type });
      expect(httpStatus).toBe(415);
    }
  });

  it.each(['1H', '10S', '5000m', '99999999u'])('keeps a deadline of %s', async (left) => {
    const { grpcStatus } = await raw.call(VALIDATE, [framed(question)], { 'grpc-timeout': left });
    expect(grpcStatus).toBe(is(GrpcStatus.OK));
  });

  it('ends calls whose time is up, also those that are still being asked', async () => {
    const timeout = { 'grpc-timeout': '50m' };
    const late = is(GrpcStatus.DEADLINE_EXCEEDED);
    expect(
      (await raw.call(VALIDATE, [framed(question)], { 'grpc-timeout': '0n' })).grpcStatus,
    ).toBe(late);
    await open.caller.ask(leased, OWN); // It is connected now, and the time does not end before.
    const asking = open.caller.stream(50);
    const ended = new Promise((resolve) => asking.on('error', resolve));
    expect(await ended).toMatchObject({ code: GrpcStatus.DEADLINE_EXCEEDED });
    await eventually(() => expect(open.app.get(AnswerStreams).open).toBe(0));
    expect((await raw.call(VALIDATE, [framed(question)], timeout)).grpcStatus).toBe('0');
    const malformed = await raw.call(VALIDATE, [framed(question)], { 'grpc-timeout': 'soon' });
    expect(malformed.grpcStatus).toBe(is(GrpcStatus.INTERNAL));
  });

  it('escapes what a status says where a header cannot carry it', async () => {
    const identifier = 'naïve %41 ✓';
    const bad = questionBytes(leased, `\u0000${identifier}`);
    const { grpcStatus, grpcMessage } = await raw.call(VALIDATE, [framed(bad)]);
    expect(grpcStatus).toBe(is(GrpcStatus.INVALID_ARGUMENT));
    expect(grpcMessage).toMatch(/^[ -~]*$/);
  });

  it('answers a batch of 1,000 and a stream of as many on one connection, with other calls between', async () => {
    const asks = Array.from({ length: 1_000 }, () => ({ identifier: leased, tenantId: OWN }));
    const [batch, streamed, ...single] = await Promise.all([
      open.caller.askAll(asks),
      open.caller.askStreamed(asks),
      ...Array.from({ length: 200 }, () => open.caller.ask(leased, OWN)),
    ]);
    expect([...batch, ...streamed, ...single].every((each) => each.valid)).toBe(true);
    expect([batch.length, streamed.length]).toEqual([1_000, 1_000]);
  });

  it('lets a caller that reads nothing wait, and answers all when it reads', async () => {
    const count = 20_000; // Far more than all windows and queues hold.
    const call = raw.open(VALIDATE_STREAM);
    const judged = await answersOf(open);
    for (let asked = 0; asked < count; asked++) call.write(framed(question));
    call.end();
    let before = -1;
    await eventually(
      async () => {
        const now = (await answersOf(open)) - judged;
        const stands = now > 0 && now === before;
        before = now;
        if (!stands) throw new Error('it still goes on');
      },
      { withinMs: 20_000, everyMs: 300 },
    );
    expect(before).toBeLessThan(count);
    const { body, grpcStatus } = await raw.answerOf(call);
    expect(grpcStatus).toBe(is(GrpcStatus.OK));
    const one = await raw.call(VALIDATE, [framed(question)]);
    expect(body.length).toBe(count * one.body.length);
  });

  it('leaves nothing of calls that are cancelled', async () => {
    for (let round = 0; round < 50; round++) {
      const call = raw.open(VALIDATE_STREAM).on('error', () => undefined);
      call.write(framed(question));
      await new Promise((next) => (round % 2 ? call.once('data', next) : setImmediate(next)));
      call.close(constants.NGHTTP2_CANCEL);
    }
    await eventually(() => expect(open.app.get(AnswerStreams).open).toBe(0));
    expect((await open.caller.ask(leased, OWN)).valid).toBe(true);
  });
});

/** How many answers the process has counted. */
async function answersOf({ app }: OpenApp): Promise<number> {
  const { body } = await app.inject({ url: '/metrics' });
  const counts = [...body.matchAll(/^num_validate_lease_duration_seconds_count\{.*\} (\d+)/gm)];
  return counts.reduce((all, [, count]) => all + Number(count), 0);
}
