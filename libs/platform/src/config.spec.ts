import { ConfigError, loadConfig } from './config.js';
import { durationMs } from './config-values.js';

const SECRET_PASSWORD = 'tomato-soup-17';
const FIT = {
  DATABASE_URL: `postgres://owner:${SECRET_PASSWORD}@127.0.0.1:5432/numbering`,
  REDIS_URL: `redis://:${SECRET_PASSWORD}@127.0.0.1:6379`,
  JWT_ISSUER: 'https://identity.example',
  JWT_AUDIENCE: 'numbering',
  JWKS_URL: 'https://identity.example/jwks.json',
  CURSOR_SECRET: 'a secret of enough characters',
  BILLING_URL: 'http://127.0.0.1:3999',
};

function faultsOf(env: NodeJS.ProcessEnv, app = 'inventory-api' as const): ConfigError {
  try {
    loadConfig(env, app);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the environment was accepted');
}

const faultyVariables = (env: NodeJS.ProcessEnv): string[] =>
  faultsOf(env).faults.map((fault) => fault.variable);

describe('loadConfig', () => {
  it('gives every setting its default', () => {
    const config = loadConfig(FIT, 'reservation-worker');
    expect(config).toMatchObject({
      app: 'reservation-worker',
      host: '127.0.0.1',
      httpPort: 3002,
      grpcPort: 50051,
      kafkaBrokers: undefined,
      logLevel: 'info',
      grpcAuth: 'jwt',
      grpcTls: undefined,
      reserveTtlMs: 900_000,
      holdTtlMs: 86_400_000,
      quarantineMs: {
        MSISDN: 90 * 86_400_000,
        SHORT_CODE: 30 * 86_400_000,
        ALPHA: 0,
        VANITY: 365 * 86_400_000,
      },
      quarantineMsByReason: {},
      renewalWindowMs: 7 * 86_400_000,
      vanityGraceMs: 14 * 86_400_000,
      renewalOutageGraceMs: 86_400_000,
      leaseCacheTtlMs: 60_000,
      leaseBlindTtlMs: 0,
      quotaCacheTtlMs: 300_000,
      rateLimitPerMinute: 60,
      rateLimitOtherPerMinute: 6_000,
      sweepReservationsEveryMs: 60_000,
      sweepQuarantineEveryMs: 300_000,
      capacityEveryMs: 30_000,
      expireLeasesEveryMs: 60_000,
      renewLeasesAt: { hour: 2, minute: 0 },
    });
    expect([...config.releaseAlarms]).toEqual(['redis', 'bullmq', 'poll', 'sweep']);
  });

  it.each([
    ['inventory-api', 3000],
    ['lease-validator', 3001],
    ['reservation-worker', 3002],
    ['pool-monitor', 3003],
  ] as const)('gives %s the HTTP port %d', (app, httpPort) => {
    expect(loadConfig(FIT, app).httpPort).toBe(httpPort);
    expect(loadConfig({ ...FIT, PORT: '8080' }, app).httpPort).toBe(8080);
  });

  it('reads what is given', () => {
    const config = loadConfig(
      {
        ...FIT,
        RESERVE_TTL: '2s',
        QUARANTINE_ALPHA: '12h',
        QUARANTINE_BY_REASON: 'ABUSE=180d, NON_PAYMENT=0s',
        RELEASE_ALARMS: 'poll, sweep',
        KAFKA_BROKERS: 'a:9092,[::1]:9093',
        REDIS_CLUSTER_NODES: 'r1:7000,r2:7001',
        EXPIRE_LEASES_EVERY: 'off',
        RENEW_LEASES_AT: '23:59',
        GRPC_TLS_CERT: __filename,
        GRPC_TLS_KEY: __filename,
      },
      'inventory-api',
    );
    expect(config).toMatchObject({
      reserveTtlMs: 2_000,
      quarantineMsByReason: { ABUSE: 180 * 86_400_000, NON_PAYMENT: 0 },
      kafkaBrokers: ['a:9092', '[::1]:9093'],
      redisClusterNodes: [
        { host: 'r1', port: 7000 },
        { host: 'r2', port: 7001 },
      ],
      expireLeasesEveryMs: 'off',
      renewLeasesAt: { hour: 23, minute: 59 },
      grpcTls: { certFile: __filename, keyFile: __filename },
    });
    expect(config.quarantineMs.ALPHA).toBe(43_200_000);
    expect([...config.releaseAlarms]).toEqual(['poll', 'sweep']);
  });

  it.each(['ABUSE', 'ABUSE=', 'SPITE=1d', 'ABUSE=1d,ABUSE=2d', 'ABUSE=-1d', 'ABUSE=1d,', '=1d'])(
    'refuses the cool-downs by reason %j',
    (text) => {
      expect(faultyVariables({ ...FIT, QUARANTINE_BY_REASON: text })).toEqual([
        'QUARANTINE_BY_REASON',
      ]);
    },
  );

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ ...FIT, RESERVE_TTL: '', KAFKA_BROKERS: '' }, 'inventory-api')).toEqual(
      loadConfig(FIT, 'inventory-api'),
    );
  });

  it('is frozen, all the way down', () => {
    const config = loadConfig(FIT, 'inventory-api');
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.jwt)).toBe(true);
    expect(Object.isFrozen(config.quarantineMs)).toBe(true);
  });

  it('lists every fault at once, with what is wrong and what is wanted', () => {
    const wrong = {
      PORT: '70000',
      HOST: '',
      GRPC_PORT: 'x',
      DATABASE_URL: 'mysql://x@y/z',
      REDIS_CLUSTER_NODES: 'nowhere',
      KAFKA_BROKERS: 'a:9092,b',
      BILLING_URL: 'billing',
      JWKS_URL: 'ftp://keys.example',
      LOG_LEVEL: 'loud',
      OTEL_EXPORTER_OTLP_ENDPOINT: ':4317',
      CURSOR_SECRET: 'short',
      GRPC_AUTH: 'maybe',
      GRPC_TLS_CERT: '/no/such/file',
      RESERVE_TTL: '15 min',
      HOLD_TTL: '0s',
      LEASE_CACHE_TTL: '61s',
      RATE_LIMIT_PER_MINUTE: '-1',
      RATE_LIMIT_OTHER_PER_MINUTE: '1.5',
      EXPIRE_LEASES_EVERY: 'never',
      RENEW_LEASES_AT: '24:00',
      RELEASE_ALARMS: 'poll,cron',
    };
    const variables = faultyVariables(wrong);
    const expected = Object.keys(wrong).filter((name) => name !== 'HOST');
    expect(new Set(variables)).toEqual(
      new Set([...expected, 'REDIS_URL', 'JWT_ISSUER', 'JWT_AUDIENCE', 'GRPC_TLS_KEY']),
    );
    const { message } = faultsOf(wrong);
    expect(message).toContain(
      'RESERVE_TTL is "15 min"; wanted: a duration from 1s to 3650d, such as 900s, 5m, 24h or 90d',
    );
    expect(message).toContain('REDIS_URL is not set; wanted: a URL such as redis://host:6379');
  });

  it('never shows a secret', () => {
    const { message } = faultsOf({
      DATABASE_URL: `postgre://owner:${SECRET_PASSWORD}@127.0.0.1/numbering`,
      REDIS_URL: `http://:${SECRET_PASSWORD}@127.0.0.1`,
      CURSOR_SECRET: 'tomato',
      JWKS_URL: `ftp://reader:${SECRET_PASSWORD}@identity.example`,
    });
    expect(message).toContain('DATABASE_URL has a value (not shown) that is wrong');
    expect(message).not.toContain('tomato');
  });

  it('asks of an app only what the app needs', () => {
    const { DATABASE_URL, REDIS_URL } = FIT;
    expect(loadConfig({ DATABASE_URL, REDIS_URL }, 'pool-monitor').billingUrl).toBe('');
    expect(() => loadConfig({ DATABASE_URL, REDIS_URL }, 'reservation-worker')).toThrow(
      'BILLING_URL is not set; wanted: a value: reservation-worker needs it',
    );
    expect(() => loadConfig({ DATABASE_URL, REDIS_URL }, 'lease-validator')).toThrow('JWKS_URL');
    const open = { DATABASE_URL, REDIS_URL, GRPC_AUTH: 'none' };
    expect(loadConfig(open, 'lease-validator').grpcAuth).toBe('none');
  });

  it('refuses an open gRPC door that others can reach', () => {
    const open = { ...FIT, GRPC_AUTH: 'none' };
    for (const HOST of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) {
      expect(loadConfig({ ...open, HOST }, 'lease-validator').grpcAuth).toBe('none');
    }
    for (const HOST of ['0.0.0.0', '::', '10.0.0.4', '127.0.0.1.example']) {
      expect(() => loadConfig({ ...open, HOST }, 'lease-validator')).toThrow(/GRPC_AUTH is "none"/);
    }
  });

  it('offers development tokens on loopback alone, and shows none where they are wrong', () => {
    const DOCS_TOKENS = '{"acme":"a-token"}';
    expect(loadConfig({ ...FIT, DOCS_TOKENS }, 'inventory-api').docsTokens).toEqual({
      acme: 'a-token',
    });
    expect(faultyVariables({ ...FIT, DOCS_TOKENS, HOST: '0.0.0.0' })).toEqual(['DOCS_TOKENS']);
    for (const wrong of ['a-token', '["a-token"]', '{"acme":7}', '{"acme":""}']) {
      const boot = () => loadConfig({ ...FIT, DOCS_TOKENS: wrong }, 'inventory-api');
      expect(boot).toThrow(/^DOCS_TOKENS has a value \(not shown\)/);
    }
  });

  it('wants a certificate and its key together', () => {
    expect(faultyVariables({ ...FIT, GRPC_TLS_CERT: __filename })).toEqual(['GRPC_TLS_KEY']);
    expect(faultyVariables({ ...FIT, GRPC_TLS_KEY: __filename })).toEqual(['GRPC_TLS_CERT']);
    expect(faultyVariables({ ...FIT, GRPC_TLS_CA: __filename })).toEqual([
      'GRPC_TLS_CERT',
      'GRPC_TLS_KEY',
    ]);
  });

  it('makes a cursor secret of its own where none is needed', () => {
    const { CURSOR_SECRET: _, ...without } = FIT;
    const [one, other] = [1, 2].map(() => loadConfig(without, 'pool-monitor').cursorSecret);
    expect(one).not.toBe(other);
    expect(one?.length).toBeGreaterThan(16);
  });
});

describe('durationMs', () => {
  it.each([
    ['900s', 900_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['90d', 7_776_000_000],
    ['0s', 0],
  ])('reads %s', (text, ms) => expect(durationMs(text)).toBe(ms));

  it.each(['', '5', 'm', '5M', '-5m', '5 m', '1h30m', '1.5h', '9999999999s'])(
    'does not read "%s"',
    (text) => expect(durationMs(text)).toBeUndefined(),
  );
});
