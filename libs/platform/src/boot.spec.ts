import { Controller, Get, Module, OnModuleDestroy } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { bootHttp } from './boot.js';
import { loadConfig } from './config.js';
import { HealthModule } from './health.js';
import { loggerModule } from './log.js';

const config = loadConfig(
  {
    DATABASE_URL: 'postgres://nobody@127.0.0.1/none',
    REDIS_URL: 'redis://127.0.0.1:6379',
    PORT: '0',
    LOG_LEVEL: 'silent',
  },
  'pool-monitor',
);

@Controller()
class EchoController {
  constructor(private readonly log: PinoLogger) {}

  @Get('echo')
  echo(): Record<string, unknown> {
    this.log.assign({ tenantId: 'tenant-1' });
    return this.log.logger.bindings();
  }
}

@Module({})
class WorkModule implements OnModuleDestroy {
  static ended = false;
  onModuleDestroy(): void {
    WorkModule.ended = true;
  }
}

@Module({
  imports: [loggerModule(config), HealthModule.forApp({ ready: [] }), WorkModule],
  controllers: [EchoController],
})
class AppModule {}

describe('bootHttp', () => {
  it('listens where it is told, logs by request, and ends its modules', async () => {
    let configured = false;
    const app = await bootHttp(AppModule, config, config.app, () => {
      configured = true;
    });
    expect(configured).toBe(true);
    const url = await app.getUrl();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);

    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const answer = await fetch(`${url}/echo`, {
      headers: { 'x-request-id': 'r-1', traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    });
    expect(answer.headers.get('x-request-id')).toBe('r-1');
    expect(await answer.json()).toMatchObject({
      app: 'pool-monitor',
      requestId: 'r-1',
      traceId,
      tenantId: 'tenant-1',
    });
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);

    await app.close();
    expect(WorkModule.ended).toBe(true);
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
  });
});
