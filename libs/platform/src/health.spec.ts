import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { fastifyAdapter } from './boot.js';
import { HealthModule } from './health.js';
import type { ReadinessCheck } from './health.js';
import { MetricsModule } from './metrics.js';

const passing = (): void => undefined;
const failing = (): never => {
  throw new Error('connect ECONNREFUSED 10.1.2.3:5432');
};
const neverAnswering = (): Promise<void> => new Promise(() => undefined);

const postgres: ReadinessCheck = {
  name: 'postgres',
  required: true,
  whenDown: 'Nothing can be read or changed.',
  check: passing,
};
const kafka: ReadinessCheck = {
  name: 'kafka',
  required: false,
  whenDown: 'Events wait in the outbox.',
  check: passing,
};

describe('health', () => {
  let app: NestFastifyApplication | undefined;

  async function appWith(ready: readonly ReadinessCheck[]): Promise<NestFastifyApplication> {
    @Module({ imports: [HealthModule.forApp({ ready: () => ready }), MetricsModule] })
    class AppModule {}
    app = await NestFactory.create<NestFastifyApplication>(AppModule, fastifyAdapter(), {
      logger: false,
    });
    await app.init();
    return app;
  }
  const ask = async (checks: readonly ReadinessCheck[], url: string) =>
    (await appWith(checks)).inject({ method: 'GET', url });

  afterEach(async () => {
    await app?.close();
  });

  it('lives while it answers, whatever is down', async () => {
    const answer = await ask([{ ...postgres, check: failing }], '/health/live');
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ok' }]);
  });

  it('is ready when every check passes', async () => {
    const answer = await ask([postgres, kafka], '/health/ready');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ status: 'ok', details: { kafka: { status: 'up' } } });
  });

  it('is degraded, with 200 and a sentence, when an optional check fails', async () => {
    const answer = await ask([postgres, { ...kafka, check: failing }], '/health/ready');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      status: 'degraded',
      details: {
        postgres: { status: 'up' },
        kafka: { status: 'degraded', message: 'Events wait in the outbox.' },
      },
    });
  });

  it('is not ready, with 503, when a required check fails, and names no address', async () => {
    const answer = await ask([{ ...postgres, check: failing }, kafka], '/health/ready');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({
      status: 'error',
      error: { postgres: { status: 'down', message: 'Nothing can be read or changed.' } },
    });
    expect(answer.body).not.toContain('10.1.2.3');
  });

  it('waits for no check for ever', async () => {
    const answer = await ask([{ ...postgres, check: neverAnswering }], '/health/ready');
    expect(answer.statusCode).toBe(503);
  });

  it('shows metrics in the text format', async () => {
    const answer = await ask([], '/metrics');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.body).toContain('process_cpu_seconds_total');
  });

  it('answers every request with its id', async () => {
    const given = await (
      await appWith([])
    ).inject({ method: 'GET', url: '/nowhere', headers: { 'x-request-id': 'r-1' } });
    expect(given.headers['x-request-id']).toBe('r-1');
    const made = await app?.inject({ method: 'GET', url: '/health/live' });
    expect(made?.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});
