import { appSettings, processEnvironment } from './environment.mjs';

const services = {
  postgres: { url: 'postgres://a' },
  redis: { url: 'redis://a' },
  kafka: { brokers: '127.0.0.1:9092' },
  billing: { url: 'http://b' },
  identity: { jwksUrl: 'http://i/jwks' },
};
const secrets = { cursorSecret: 'kept' };

describe('environment of the apps', () => {
  it('passes the caller’s settings on, and keeps what the stack decides', () => {
    const caller = { RESERVE_TTL: '4s', DATABASE_URL: 'postgres://b', UNRELATED: 'x' };
    expect(appSettings({ services, secrets }, caller)).toMatchObject({
      RESERVE_TTL: '4s',
      DATABASE_URL: 'postgres://a',
      CURSOR_SECRET: 'kept',
    });
    expect(appSettings({ services, secrets }, caller)).not.toHaveProperty('UNRELATED');
  });

  it('names no Kafka where there is none', () => {
    const settings = appSettings({ services: { ...services, kafka: undefined }, secrets }, {});
    expect(settings).not.toHaveProperty('KAFKA_BROKERS');
    expect(processEnvironment(settings, { KAFKA_BROKERS: 'x:1' })).not.toHaveProperty(
      'KAFKA_BROKERS',
    );
  });

  it('gives an app no NODE_ENV and no port but its own', () => {
    const caller = { NODE_ENV: 'test', PORT: '1', GRPC_PORT: '2', PATH: '/bin' };
    expect(processEnvironment({ PORT: '3000' }, caller)).toEqual({ PORT: '3000', PATH: '/bin' });
  });
});
