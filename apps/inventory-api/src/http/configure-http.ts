import multipart from '@fastify/multipart';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { CONFIG } from '@numbering/lifecycle';
import { monotonicMs, type Config } from '@numbering/platform';
import { MULTIPART_LIMITS } from '../admin/blocks/block-form';
import { AuthGuard } from './auth.guard';
import { checkBodyIsObject, checkMediaType } from './body-kind';
import { answerClientErrors } from './client-error';
import { ANSWER_WITHIN_MS, answeredWithin } from './deadline';
import { serveDocs } from './docs';
import { screenPaths } from './path-screen';

const SECURED_PATHS = '/v1/';
/** What Fastify's router takes unless it is told otherwise. */
const ROUTER_SEGMENT_CHARS = 100;

/**
 * What of this door is Fastify's: who asks is told before the body is read; forms; errors before
 * any route; docs.
 */
export async function configureHttp(app: NestFastifyApplication): Promise<void> {
  const adapter = app.getHttpAdapter();
  const fastify = adapter.getInstance();
  const guard = app.get(AuthGuard);
  fastify.addHook('onRoute', ({ url, method, config }) => {
    // A route that forgot to say who may call it would be open to everybody.
    if (url.startsWith(SECURED_PATHS) && config?.needs === undefined) {
      throw new Error(`${String(method)} ${url} lacks Needs`);
    }
  });
  fastify.addHook('onRequest', async (request, reply) => {
    const beganMs = monotonicMs();
    await answeredWithin(ANSWER_WITHIN_MS, guard.admit(request, reply));
    request.admissionMs = monotonicMs() - beganMs;
    checkMediaType(request);
  });
  fastify.addHook('preHandler', async (request) => checkBodyIsObject(request));
  await app.register(multipart, { limits: MULTIPART_LIMITS });
  answerClientErrors(fastify.server);
  const { maxParamLength = ROUTER_SEGMENT_CHARS } = adapter.getRouteMatchingOptions?.() ?? {};
  screenPaths(fastify.server, guard, maxParamLength);
  const { docsTokens } = app.get<Config>(CONFIG);
  serveDocs(app, Object.keys(docsTokens).length > 0);
}
