import 'reflect-metadata';
import { bootConfig, bootHttp, processLog } from '@numbering/platform';
import { AppModule } from './app.module';
import { GrpcDoor } from './grpc-door';
import { Knowledge } from './knowledge';

const EXIT_FAILED = 1;

const config = bootConfig('lease-validator');

bootHttp(AppModule.of(config), config, 'lease-validator', async (app) => {
  await app.get(Knowledge).open();
  await app.get(GrpcDoor).open(app);
}).catch((error: unknown) => {
  processLog(config).fatal({ err: error }, 'the start failed');
  process.exitCode = EXIT_FAILED;
  setImmediate(() => process.exit(EXIT_FAILED));
});
