import { connect } from 'node:http2';
import { createServer as createTcp, type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { HeaderDecoder } from './header-decoder';
import { ConnectionError, PREFACE } from './protocol';

const MAX_LIST_BYTES = 16_384;
const read = (decoder: HeaderDecoder, hex: string): string[] | undefined => {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return decoder.decode(bytes, 0, bytes.length)?.map(({ name, value }) => `${name}: ${value}`);
};

describe('a decoder of header blocks', () => {
  it('reads the requests of RFC 7541, C.3, without Huffman code', () => {
    const decoder = new HeaderDecoder(MAX_LIST_BYTES);
    const common = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
    const first = '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d';
    expect(read(decoder, first)).toEqual(common);
    const second = '8286 84be 5808 6e6f 2d63 6163 6865';
    expect(read(decoder, second)).toEqual([...common, 'cache-control: no-cache']);
    const third = '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65';
    expect(read(decoder, third)).toEqual([
      ':method: GET',
      ':scheme: https',
      ':path: /index.html',
      ':authority: www.example.com',
      'custom-key: custom-value',
    ]);
  });

  it('reads the requests of RFC 7541, C.4, in Huffman code', () => {
    const decoder = new HeaderDecoder(MAX_LIST_BYTES);
    const common = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
    expect(read(decoder, '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff')).toEqual(common);
    expect(read(decoder, '8286 84be 5886 a8eb 1064 9cbf')).toEqual([
      ...common,
      'cache-control: no-cache',
    ]);
    expect(
      read(decoder, '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf')?.at(-1),
    ).toBe('custom-key: custom-value');
  });

  it('forgets what it has no room for, and what a smaller table has none for', () => {
    const decoder = new HeaderDecoder(MAX_LIST_BYTES);
    read(decoder, '4001 6101 62'); // a: b
    expect(read(decoder, 'be')).toEqual(['a: b']);
    expect(read(decoder, '20')).toEqual([]); // A table of nothing.
    expect(() => read(decoder, 'be')).toThrow(ConnectionError);
  });

  it('knows a secret again that is sent without a table, and reads another one', () => {
    const decoder = new HeaderDecoder(MAX_LIST_BYTES);
    const secret = (text: string): string =>
      Buffer.concat([
        Buffer.from('1f08', 'hex'),
        Buffer.of(text.length),
        Buffer.from(text),
      ]).toString('hex');
    const [one, two] = ['a'.repeat(120), `${'a'.repeat(119)}b`] as const;
    for (const text of [one, one, two, one, one.slice(1)]) {
      expect(read(decoder, secret(text))).toEqual([`authorization: ${text}`]);
    }
  });

  it('says so where fields are more than it takes, and reads the next block rightly', () => {
    const decoder = new HeaderDecoder(100);
    const long = `4001 6164${'78'.repeat(100)}`; // a: xxx…
    expect(read(decoder, long)).toBeUndefined();
    expect(read(decoder, '82')).toEqual([':method: GET']);
    expect(decoder.decode(Buffer.from('be', 'hex'), 0, 1)).toBeUndefined();
  });

  it('throws nothing else than a ConnectionError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), (blocks) => {
        const decoder = new HeaderDecoder(MAX_LIST_BYTES);
        try {
          for (const block of blocks) decoder.decode(Buffer.from(block), 0, block.length);
        } catch (error) {
          expect(error).toBeInstanceOf(ConnectionError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads what another encoder writes (nghttp2, in node:http2)', async () => {
    const blocks = await blocksOfNode();
    const decoder = new HeaderDecoder(MAX_LIST_BYTES);
    for (const { bytes, headers } of blocks) {
      const fields = decoder.decode(bytes, 0, bytes.length) ?? [];
      const read = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
      expect(read).toMatchObject(headers);
    }
  });
});

/** Header blocks of requests that node:http2 has written, with what was asked of it. */
async function blocksOfNode(): Promise<{ bytes: Buffer; headers: Record<string, string> }[]> {
  const asked = Array.from({ length: 60 }, (_, at) => ({
    ':path': `/p/${at % 3}`,
    authorization: `Bearer ${String.fromCharCode(33 + at).repeat(at * 7)}`,
    [`x-own-${at % 5}`]: `!"#%&'()*+,-./09:;<=>?@AZ[]^_az{|}~ ${'\u00e9'.repeat(at % 4)}${at}`,
  }));
  const got: Buffer[] = [];
  const tcp = createTcp((socket) => {
    socket.write(Buffer.from('000000040000000000', 'hex'));
    socket.on('data', (bytes) => got.push(bytes)).on('error', () => undefined);
  });
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const session = connect(`http://127.0.0.1:${(tcp.address() as AddressInfo).port}`);
  session.on('error', () => undefined);
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  for (const headers of asked)
    session
      .request(headers)
      .on('error', () => undefined)
      .end();
  let blocks: Buffer[] = [];
  while (blocks.length < asked.length) {
    await new Promise((resolve) => setImmediate(resolve));
    blocks = headerBlocks(Buffer.concat(got));
  }
  session.destroy();
  tcp.close();
  return blocks.map((bytes, at) => ({ bytes, headers: asked[at] ?? {} }));
}

function headerBlocks(bytes: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = PREFACE.length; at + 9 <= bytes.length;) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    const hasPriority = (bytes.readUInt8(at + 4) & 0x20) !== 0;
    if (end > bytes.length) break;
    if (bytes.readUInt8(at + 3) === 1)
      blocks.push(bytes.subarray(at + 9 + (hasPriority ? 5 : 0), end));
    at = end;
  }
  return blocks;
}
