import 'reflect-metadata';
import { bootConfig, bootHttp } from '@numbering/platform';
import { AppModule } from './app.module';

const APP = 'pool-monitor';

async function main(): Promise<void> {
  const config = bootConfig(APP);
  await bootHttp(AppModule.forRoot(config), config, APP);
}

void main();
