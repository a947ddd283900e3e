import { connect as connectTcp, type Socket } from 'node:net';
import { connect, constants } from 'node:http2';
import fc from 'fast-check';
import { Http2Server, type ServerOptions } from './server';
import { Flag, Frame, PREFACE } from './protocol';

jest.setTimeout(60_000);

const OK = Buffer.of(0x88); // :status 200
const HELLO = Buffer.from('hello');
/** GET / of nobody: the static table has all of it. */
const REQUEST = Buffer.of(0x82, 0x86, 0x84);

function frame(type: number, flags: number, id: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}
const SETTINGS = frame(Frame.SETTINGS, Flag.NONE, 0);
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

describe('an HTTP/2 server and a peer that means harm', () => {
  let server: Http2Server;
  let port: number;

  const options: ServerOptions = {
    tls: undefined,
    maxConcurrentStreams: 10,
    maxHeaderListBytes: 16_384,
    beginLimitMs: 10_000,
    keepaliveTimeMs: 30_000,
    keepaliveTimeoutMs: 10_000,
    maxConnectionAgeMs: 1_800_000,
    maxConnectionAgeGraceMs: 10_000,
    monotonicMs: () => performance.now(),
    onFault: () => undefined,
    onRequest: (exchange, _head, isEnd) => {
      const answer = (): void => {
        exchange.headers(OK);
        exchange.data(HELLO);
        exchange.end(Buffer.of(0x00, 1, 0x61, 1, 0x62)); // a: b
      };
      exchange.receiver = {
        onData: (_bytes, start, end, isLast) => {
          exchange.consumed(end - start);
          if (isLast) answer();
        },
        onDrain: () => undefined,
        onCancel: () => undefined,
      };
      if (isEnd) answer();
    },
  };

  beforeAll(async () => {
    server = new Http2Server(options);
    port = await server.listen('127.0.0.1', 0);
  });

  afterAll(() => server.destroy());

  /** Sends all of it; resolves with what came until the server ended the connection. */
  function send(...frames: Buffer[]): Promise<Buffer> {
    const socket: Socket = connectTcp(port, '127.0.0.1');
    const got: Buffer[] = [];
    socket.on('data', (bytes) => got.push(bytes));
    socket.on('error', () => undefined);
    for (const each of frames) socket.write(each);
    return new Promise((resolve) => socket.on('close', () => resolve(Buffer.concat(got))));
  }

  /** The code of the GOAWAY that ends what the server sent. */
  function goAwayOf(answer: Buffer): number {
    const last = answer.subarray(-17);
    expect(last.readUInt8(3)).toBe(Frame.GOAWAY);
    return last.readUInt32BE(13);
  }

  const expectAlive = async (): Promise<void> => {
    const session = connect(`http://127.0.0.1:${port}`);
    const call = session.request({ ':path': '/' });
    const body = await new Promise((resolve, reject) => {
      call.on('data', resolve).on('error', reject);
    });
    expect(String(body)).toBe('hello');
    session.close();
  };

  const begin = Buffer.concat([PREFACE, SETTINGS]);
  const headers = (id: number, flags: number): Buffer => frame(Frame.HEADERS, flags, id, REQUEST);
  const whole = Flag.END_HEADERS | Flag.END_STREAM;
  const many = (count: number, one: (at: number) => Buffer): Buffer =>
    Buffer.concat(Array.from({ length: count }, (_, at) => one(at)));

  it.each<[string, Buffer]>([
    ['pings', many(10_000, () => frame(Frame.PING, Flag.NONE, 0, Buffer.alloc(8)))],
    ['settings', many(10_000, () => SETTINGS)],
    [
      'streams that are reset at once',
      many(10_000, (at) =>
        Buffer.concat([
          headers(2 * at + 1, Flag.END_HEADERS),
          frame(Frame.RST_STREAM, Flag.NONE, 2 * at + 1, uint32(8)),
        ]),
      ),
    ],
    [
      'data frames without data',
      Buffer.concat([
        headers(1, Flag.END_HEADERS),
        many(10_000, () => frame(Frame.DATA, Flag.NONE, 1)),
      ]),
    ],
    ['priorities', many(10_000, () => frame(Frame.PRIORITY, Flag.NONE, 1, Buffer.alloc(5)))],
    ['frames of no known type', many(10_000, () => frame(0x77, Flag.NONE, 0))],
    [
      'a header block without end',
      Buffer.concat([
        headers(1, Flag.NONE),
        many(1_000, () => frame(Frame.CONTINUATION, Flag.NONE, 1)),
      ]),
    ],
    ['streams beyond their number', many(10_000, (at) => headers(2 * at + 1, Flag.END_HEADERS))],
  ])('ends a connection that is flooded with %s', async (_, flood) => {
    expect(goAwayOf(await send(begin, flood))).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    await expectAlive();
  });

  it('ends a connection that announces a frame without measure, or speaks something else', async () => {
    const huge = Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]);
    expect(goAwayOf(await send(begin, huge))).toBe(constants.NGHTTP2_FRAME_SIZE_ERROR);
    const other = await send(Buffer.from('GET / HTTP/1.1\r\nhost: here\r\n\r\n'));
    expect(goAwayOf(other)).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
    await expectAlive();
  });

  it('refuses a stream with more header fields than it takes, and goes on', async () => {
    const session = connect(`http://127.0.0.1:${port}`);
    const call = session.request({ ':path': '/', 'x-flood': 'x'.repeat(20_000) });
    const code = await new Promise((resolve) => {
      call.on('error', () => undefined).on('close', () => resolve(call.rstCode));
    });
    expect(code).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    const next = session.request({ ':path': '/' });
    expect(String(await new Promise((resolve) => next.on('data', resolve)))).toBe('hello');
    session.close();
  });

  it('survives any frames in any order', async () => {
    const anyFrame = fc
      .record({
        type: fc.integer({ min: 0, max: 10 }),
        flags: fc.integer({ min: 0, max: 255 }),
        id: fc.integer({ min: 0, max: 9 }),
        payload: fc.oneof(
          fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
          fc.constant(REQUEST),
          fc.constant(uint32(1)),
        ),
      })
      .map(({ type, flags, id, payload }) => frame(type, flags, id, payload));
    await fc.assert(
      fc.asyncProperty(fc.array(anyFrame, { maxLength: 30 }), async (frames) => {
        const socket = connectTcp(port, '127.0.0.1')
          .on('error', () => undefined)
          .resume();
        socket.end(Buffer.concat([begin, ...frames]));
        await new Promise((resolve) => socket.on('close', resolve));
      }),
      { numRuns: 300 },
    );
    await expectAlive();
  });

  it('reads the same frames in whatever pieces they come', async () => {
    const bytes = Buffer.concat([begin, headers(1, whole), headers(3, whole)]);
    const goAway = frame(Frame.GOAWAY, Flag.NONE, 0, Buffer.alloc(8));
    const pieces = [...bytes, ...goAway].map((byte) => Buffer.of(byte));
    const answer = await send(...pieces);
    expect(answer.toString('latin1').split('hello')).toHaveLength(3);
  });
});
