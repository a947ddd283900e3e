import 'reflect-metadata';
import { bootConfig, bootHttp } from '@numbering/platform';
import { AppModule } from './app.module';
import { runJob } from './run-job';

const APP = 'reservation-worker';

/** `main.js` serves; `main.js run JOB` runs one job once and ends with its exit code. */
async function main(): Promise<void> {
  const [command, ...rest] = process.argv.slice(2);
  if (command !== undefined) process.exit(await runJob(command, rest));
  const config = bootConfig(APP);
  await bootHttp(AppModule.forRoot(config), config, APP);
}

void main();
