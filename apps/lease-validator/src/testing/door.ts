import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { fastifyAdapter } from '@numbering/platform';
import { eventually, freePort, ValidatorClient } from '@numbering/testing';
import { AppModule } from '../app.module';
import { GrpcDoor } from '../grpc-door';
import { Knowledge } from '../knowledge';
import type { Rig } from './rig';

/** Both servers that may stand in the door answer alike. */
export const SERVERS = ['lean', 'stock'] as const;

/** A validator with its doors open on ports of its own. */
export interface OpenApp {
  app: NestFastifyApplication;
  /** host:port of gRPC */
  address: string;
  caller: ValidatorClient;
  close: () => Promise<void>;
}

export async function openApp(rig: Rig, env: Record<string, string>): Promise<OpenApp> {
  const port = await freePort();
  const config = rig.config({ ...env, GRPC_PORT: String(port) });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.of(config),
    fastifyAdapter(),
    { logger: false },
  );
  await app.get(Knowledge).open();
  await app.get(GrpcDoor).open(app);
  await app.listen(0, '127.0.0.1');
  const address = `127.0.0.1:${port}`;
  const caller = new ValidatorClient(address);
  const close = async (): Promise<void> => {
    caller.close();
    await app.close();
  };
  return { app, address, caller, close };
}

/** Until memory may answer. */
export const trusted = ({ app }: OpenApp): Promise<void> =>
  eventually(() => expect(app.get(Knowledge).lookup.isTrusted).toBe(true));
