import { connect, type ClientHttp2Session } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { status as GrpcStatus } from '@grpc/grpc-js';
import { eventually } from '@numbering/testing';
import { framed, RawClient } from '../testing/raw-call';
import { PREFACE } from './http2/protocol';
import { LeanGrpcServer, type LeanServerOptions } from './lean-grpc-server';

jest.setTimeout(60_000);

const METHOD = '/test.Waiting/Wait';
const SETTINGS = Buffer.from('000000040000000000', 'hex');

describe('a connection of the lean server', () => {
  const servers: LeanGrpcServer[] = [];
  const sessions: ClientHttp2Session[] = [];
  /** Of calls that wait to be answered. */
  const answers: ((bytes: Buffer) => void)[] = [];

  afterEach(() => {
    for (const session of sessions.splice(0)) session.destroy();
    for (const server of servers.splice(0)) server.destroy();
    answers.length = 0;
  });

  async function open(limits: Partial<LeanServerOptions> = {}) {
    const server = new LeanGrpcServer({
      tls: undefined,
      maxReceiveBytes: 1024 * 1024,
      maxSendBytes: 1024 * 1024,
      maxConcurrentStreams: 1_000,
      maxHeaderListBytes: 16_384,
      beginLimitMs: 10_000,
      keepaliveTimeMs: 30_000,
      keepaliveTimeoutMs: 10_000,
      maxConnectionAgeMs: 1_800_000,
      maxConnectionAgeGraceMs: 60_000,
      monotonicMs: () => performance.now(),
      onFault: () => undefined,
      ...limits,
    });
    server.addMethod({
      path: METHOD,
      kind: 'unary',
      codec: {
        decode: (bytes, start, end) => Buffer.from(bytes.subarray(start, end)),
        encode: (answer) => framed(answer as Buffer),
      },
      answer: () => new Promise<Buffer>((resolve) => answers.push(resolve)),
    });
    servers.push(server);
    const port = await server.listen('127.0.0.1', 0);
    return { server, port, address: `127.0.0.1:${port}` };
  }

  /** A call that waits, and what its connection is told. */
  async function callThatWaits(address: string) {
    const raw = new RawClient(address);
    const answer = raw.call(METHOD, [framed(Buffer.from('?'))]);
    await eventually(() => expect(answers.length).toBeGreaterThan(0));
    return { raw, answer };
  }
  const answerAll = (): void => answers.splice(0).forEach((go) => go(Buffer.from('!')));

  it('pings a peer that is silent, and cuts off one that stays so', async () => {
    const { port } = await open({ keepaliveTimeMs: 100, keepaliveTimeoutMs: 100 });
    const socket = connectTcp(port, '127.0.0.1').on('error', () => undefined);
    const got: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => got.push(bytes));
    socket.write(Buffer.concat([PREFACE, SETTINGS]));
    const alive = connect(`http://127.0.0.1:${port}`).on('error', () => undefined);
    sessions.push(alive);
    await new Promise((resolve) => socket.on('close', resolve));
    expect(Buffer.concat(got).toString('latin1')).toContain('are you?');
    expect(alive.closed).toBe(false); // node answers pings by itself.
  });

  it('cuts off a peer that never begins to speak', async () => {
    const { port } = await open({ beginLimitMs: 100 });
    const socket = connectTcp(port, '127.0.0.1')
      .on('error', () => undefined)
      .resume();
    socket.write(PREFACE.subarray(0, 5));
    await new Promise((resolve) => socket.on('close', resolve));
  });

  it('ends at its age with GOAWAY, after the calls that are under way', async () => {
    const { address } = await open({ maxConnectionAgeMs: 100 });
    const { raw, answer } = await callThatWaits(address);
    await eventually(() => expect(raw.goAways).toContain(0));
    answerAll();
    expect((await answer).grpcStatus).toBe(String(GrpcStatus.OK));
    await eventually(() => expect(raw.isClosed).toBe(true));
  });

  it('is cut where its calls take longer than the age’s grace', async () => {
    const { address } = await open({ maxConnectionAgeMs: 100, maxConnectionAgeGraceMs: 100 });
    const { answer } = await callThatWaits(address);
    expect((await answer).grpcStatus).toBeUndefined();
  });

  it('drains: the calls under way are answered, and then it is over', async () => {
    const { server, address, port } = await open();
    const { answer } = await callThatWaits(address);
    let isOver = false;
    const drained = server.drain().then(() => (isOver = true));
    await expect(
      new Promise((resolve, reject) =>
        connectTcp(port, '127.0.0.1', () => resolve(0)).on('error', reject),
      ),
    ).rejects.toThrow('ECONNREFUSED');
    expect(isOver).toBe(false);
    answerAll();
    await drained;
    expect((await answer).grpcStatus).toBe(String(GrpcStatus.OK));
  });

  it('is destroyed with what is left', async () => {
    const { server, address } = await open();
    const { answer } = await callThatWaits(address);
    const drained = server.drain();
    server.destroy();
    await drained;
    expect((await answer).grpcStatus).toBeUndefined();
  });

  it('keeps no more of unfinished messages than it may', async () => {
    const { address } = await open();
    const raw = new RawClient(address);
    const most = framed(Buffer.alloc(1024 * 1024)).subarray(0, -1);
    const calls = Array.from({ length: 40 }, () => {
      const call = raw.open(METHOD).on('error', () => undefined);
      call.write(most);
      return call;
    });
    const refused = await Promise.race(calls.map((call) => raw.answerOf(call)));
    expect(refused.grpcStatus).toBe(String(GrpcStatus.RESOURCE_EXHAUSTED));
    raw.close();
  });
});
