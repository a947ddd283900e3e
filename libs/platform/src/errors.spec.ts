import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Client } from 'pg';
import { QueryFailedError } from 'typeorm';
import { StoreUnavailable, isPostgresUnavailable } from './errors.js';

const withCode = (code: string): Error => Object.assign(new Error('said by the server'), { code });

describe('isPostgresUnavailable', () => {
  it.each(['57P01', '57P02', '57P03', '53300', '08006', '08001', 'ECONNREFUSED', 'ECONNRESET'])(
    'takes %s for an absence',
    (code) => expect(isPostgresUnavailable(withCode(code))).toBe(true),
  );

  it.each(['23505', '40001', '40P01', '42P01', '57014', '22P02', '55P03'])(
    'takes %s for an answer',
    (code) => expect(isPostgresUnavailable(withCode(code))).toBe(false),
  );

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Query read timeout',
  ])('knows "%s" of pg', (message) => expect(isPostgresUnavailable(new Error(message))).toBe(true));

  it('looks into what wraps the error', () => {
    const byTypeOrm = new QueryFailedError('SELECT 1', [], withCode('57P01'));
    expect(isPostgresUnavailable(byTypeOrm)).toBe(true);
    expect(isPostgresUnavailable(new QueryFailedError('SELECT 1', [], withCode('23505')))).toBe(
      false,
    );
    expect(isPostgresUnavailable(new Error('outer', { cause: withCode('ECONNRESET') }))).toBe(true);
    expect(isPostgresUnavailable(new AggregateError([withCode('ECONNREFUSED')]))).toBe(true);
  });

  it('tells stores apart', () => {
    expect(isPostgresUnavailable(new StoreUnavailable('postgres'))).toBe(true);
    expect(isPostgresUnavailable(new StoreUnavailable('redis'))).toBe(false);
  });

  it('is not led round in a circle', () => {
    const error: Error & { cause?: unknown } = new Error('its own cause');
    error.cause = error;
    expect(isPostgresUnavailable(error)).toBe(false);
    expect(isPostgresUnavailable(undefined)).toBe(false);
    expect(isPostgresUnavailable('57P01')).toBe(false);
  });

  it('knows what pg itself throws where nobody listens, or somebody hangs up', async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const failure = (): Promise<unknown> =>
      new Client({ host: '127.0.0.1', port, user: 'x' }).connect().then(
        () => 'connected',
        (error: unknown) => error,
      );
    expect(isPostgresUnavailable(await failure())).toBe(true);
    await new Promise((resolve) => server.close(resolve));
    expect(isPostgresUnavailable(await failure())).toBe(true);
  });
});
