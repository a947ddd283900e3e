import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { fastifyAdapter, loadConfig } from '@numbering/platform';
import { AppModule } from '../app.module';
import { openApiDocument } from '../http/openapi-document';
import type { Schema } from '../http/openapi-examples';

export interface Content {
  schema: Schema;
  example?: unknown;
  examples?: Record<string, { value: { code: string } }>;
}
export interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  parameters: { $ref?: string; name?: string; in?: string; schema?: Schema }[];
  requestBody?: { content: Record<string, Content> };
  responses: Record<
    string,
    { description: string; headers: object; content: Record<string, Content> }
  >;
  security: Record<string, string[]>[];
}
export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** The document without any server: the app is looked at and not started. */
export async function openApi(): Promise<OpenApi> {
  const nowhere = {
    ...{ DATABASE_URL: 'postgres://nobody@nowhere/none', REDIS_URL: 'redis://nowhere' },
    ...{ JWKS_URL: 'http://nowhere/jwks', JWT_ISSUER: 'nobody', JWT_AUDIENCE: 'numbering' },
    CURSOR_SECRET: 'a secret that seals nothing',
  };
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(loadConfig(nowhere, 'inventory-api')),
    fastifyAdapter(),
    { preview: true, logger: false, abortOnError: false },
  );
  return openApiDocument(app) as unknown as OpenApi;
}

/** `POST /v1/numbers/{identifier}/reserve` → its operation. */
export const operationsOf = ({ paths }: OpenApi): Map<string, Operation> =>
  new Map(
    Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(
        ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const,
      ),
    ),
  );

/** The codes that an operation's problems have. */
export const codesOf = ({ responses }: Operation): string[] =>
  Object.values(responses).flatMap(({ content }) =>
    Object.values(content?.['application/problem+json']?.examples ?? {}).map(
      ({ value }) => value.code,
    ),
  );
