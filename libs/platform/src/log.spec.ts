import { Writable } from 'node:stream';
import { createLog } from './log.js';

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJl';

function logOnPaper(): { log: ReturnType<typeof createLog>; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const paper = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  return { log: createLog({ app: 'inventory-api', logLevel: 'info' }, paper), lines };
}

describe('createLog', () => {
  it('writes one JSON line with level, app and time', () => {
    const { log, lines } = logOnPaper();
    log.info({ requestId: 'r1' }, 'hello');
    log.debug('not this one');
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
        app: 'inventory-api',
        requestId: 'r1',
        msg: 'hello',
      },
    ]);
  });

  it('writes no token, wherever it stands', () => {
    const { log, lines } = logOnPaper();
    log.error({ err: new Error(`refused Bearer ${TOKEN}`), token: TOKEN }, `saw ${TOKEN}`);
    log.info({ headers: { authorization: `Bearer ${TOKEN}` } }, 'and the next');
    expect(JSON.stringify(lines)).not.toContain(TOKEN.slice(0, 20));
    expect(lines[1]).toMatchObject({ headers: { authorization: 'Bearer [redacted]' } });
  });
});
