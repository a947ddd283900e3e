import { STATUS_CODES } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { CODES_EXTENSION, CSV_EXTENSION, ProblemBody, type CsvTold } from './openapi';
import { HEADERS, PARAMETERS } from './openapi-headers';
import { exampleOf, problemExample, type Schema, type Schemas } from './openapi-examples';
import { PROBLEMS, type ProblemCode } from './refusal-status';

const VERSIONED = '/v1/';
const PROBLEM = 'application/problem+json';
const IMPORTING = 'multipart/form-data';
const REQUEST_BODIES: ReadonlySet<string> = new Set(['post', 'put']);

/** Every route may answer these. */
const ALWAYS: readonly ProblemCode[] = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'INTERNAL',
  'DEPENDENCY_UNAVAILABLE',
];
/** Every route that changes something. */
const BY_BODY: readonly ProblemCode[] = [
  'MALFORMED',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'VALIDATION_FAILED',
  'IDEMPOTENCY_KEY_REUSED',
  'IDEMPOTENCY_IN_PROGRESS',
];
const TAGS: Readonly<Record<string, string>> = {
  numbers: 'Looking for numbers, and at one’s own',
  claims: 'What a tenant does with a number before it leases it',
  leases: 'A lease’s beginning, and its end before its time',
  'admin: numbers': 'What officers do with one number, and who held it when',
  'admin: quarantine': 'Cool-downs that were ended early',
  'admin: tenants': 'Plans, allowlists, standing and quotas',
  'admin: blocks': 'Where numbers come from: operators, their keys, blocks, pools',
  'admin: prices': 'What numbers cost',
  'admin: audit': 'Who did what, why and when',
};

const DESCRIPTION = `The inventory of sendable identities: claims, leases, recalls, quotas, blocks, audit.

Times are RFC 3339 in UTC. Errors are RFC 9457 problems: \`code\` is stable, \`type\` opens its
explanation. Lists are \`{items, nextPage}\`: hand \`nextPage\` back as \`page\`, until it is null.
Every change takes an \`Idempotency-Key\`: a repeat within 24 hours gets the first answer. An
identifier in a path is \`+93…\`, \`93…\`, a short code or an alpha ID. Events: \`/asyncapi.json\`.`;

interface Operation {
  parameters?: Record<string, unknown>[];
  requestBody?: { content: Record<string, { schema: Schema; example?: unknown }> };
  responses: Record<string, Response>;
  [CODES_EXTENSION]?: ProblemCode[];
  [CSV_EXTENSION]?: CsvTold;
  [member: string]: unknown;
}
interface Response {
  description: string;
  headers?: Record<string, unknown>;
  content?: Record<string, { schema: Schema; example?: unknown; examples?: unknown }>;
}

/** GET /openapi.json: what the routes say of themselves, with what all of them have in common. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Numbering Service')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setContact('Commerce Engineering', '', 'commerce-engineering@numbering.example')
    .addServer('/', 'Where this document came from')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: '`sub`, `tenant_id`, `scope`; any of the scopes that stand at a route',
    });
  for (const [name, description] of Object.entries(TAGS)) config.addTag(name, description);
  const made = SwaggerModule.createDocument(app, config.build(), {
    extraModels: [ProblemBody],
    operationIdFactory: (controller, method) =>
      `${controller.replace(/Controller$/, '')}.${method}`,
  });
  const schemas = (made.components?.schemas ?? {}) as Schemas;
  const paths = Object.entries(made.paths).filter(([path]) => path.startsWith(VERSIONED));
  for (const [path, item] of paths) {
    for (const [method, operation] of Object.entries(item)) {
      dress(path, method, operation as Operation, schemas);
    }
  }
  const document = {
    ...made,
    paths: Object.fromEntries(paths),
    components: { ...made.components, headers: HEADERS, parameters: PARAMETERS },
  };
  return withExamplesOf31(document) as OpenAPIObject;
}

/** What a route leaves unsaid, because every one of its kind has it. */
function dress(path: string, method: string, operation: Operation, schemas: Schemas): void {
  const { [CODES_EXTENSION]: own = [], [CSV_EXTENSION]: csv, parameters = [] } = operation;
  const changes = REQUEST_BODIES.has(method);
  operation.parameters = [
    ...(changes ? [reference('parameters', 'IdempotencyKey')] : []),
    reference('parameters', 'RequestId'),
    ...parametersOfPath(path),
    ...parameters.filter((each) => each.in !== 'path'),
  ];
  for (const [status, response] of Object.entries(operation.responses)) {
    response.description ||= STATUS_CODES[status] ?? status;
    response.headers = headersOf(changes ? ['Idempotency-Replayed'] : []);
    for (const content of Object.values(response.content ?? {})) {
      content.example = exampleOf(content.schema, schemas);
    }
    if (csv) addCsv(response, csv);
  }
  for (const [type, content] of Object.entries(operation.requestBody?.content ?? {})) {
    if (type !== IMPORTING) content.example = exampleOf(content.schema, schemas);
  }
  const isAsked = parameters.some((each) => each.in === 'query');
  const codes = [
    ...ALWAYS,
    ...(changes ? BY_BODY : []),
    ...(isAsked ? (['VALIDATION_FAILED'] as const) : []),
    ...codesOfPath(path),
    ...own,
  ];
  Object.assign(operation.responses, problemsOf(codes, shownPath(path), changes));
  delete operation[CODES_EXTENSION];
  delete operation[CSV_EXTENSION];
}

/** A path is looked at before its route: what cannot be decoded, what is longer than any name. */
function codesOfPath(path: string): ProblemCode[] {
  if (path.includes('{identifier}')) return ['MALFORMED', 'INVALID_IDENTIFIER'];
  return path.includes('{') ? ['MALFORMED', 'NOT_FOUND', 'VALIDATION_FAILED'] : [];
}

function addCsv(response: Response, { description, example, headers = [] }: CsvTold): void {
  response.content = {
    ...response.content,
    'text/csv': { schema: { type: 'string', description }, example },
  };
  Object.assign(response.headers ?? {}, headersOf(headers));
}

const reference = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });

function headersOf(more: readonly string[]): Record<string, unknown> {
  const names = ['X-Request-Id', 'RateLimit-Policy', 'RateLimit', ...more];
  return Object.fromEntries(names.map((name) => [name, reference('headers', name)]));
}

const HEADERS_OF_PROBLEM: Readonly<Record<number, readonly string[]>> = {
  401: ['WWW-Authenticate'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};
/** Nothing was run that could be replayed. */
const NEVER_REPLAYED: ReadonlySet<number> = new Set([400, 401, 413, 415, 429, 500, 503]);

function problemsOf(
  codes: readonly ProblemCode[],
  instance: string,
  changes: boolean,
): Record<string, Response> {
  const byStatus = Map.groupBy(new Set(codes), (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => {
      const replays = changes && !NEVER_REPLAYED.has(status) ? ['Idempotency-Replayed'] : [];
      const examples = ofStatus.map((code) => [
        code,
        { summary: PROBLEMS[code].title, value: problemExample(code, instance) },
      ]);
      const response = {
        description: ofStatus.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('. '),
        headers: headersOf([...(HEADERS_OF_PROBLEM[status] ?? []), ...replays]),
        content: {
          [PROBLEM]: {
            schema: reference('schemas', ProblemBody.name),
            examples: Object.fromEntries(examples),
          },
        },
      };
      return [status, response];
    }),
  );
}

const PATH_MEANINGS: Readonly<Record<string, { description: string; example: string }>> = {
  identifier: {
    description: '`+93…` (`%2B93…`), `93…`, a short code, or an alpha ID in any writing',
    example: '+93790000001',
  },
  tenantId: { description: 'Opaque; as `tenant_id` of its tokens', example: 'acme' },
  operatorId: { description: 'As it was put', example: 'ROSHAN' },
  blockId: {
    description: 'As the import or registration answered it',
    example: '0f2b9a52-7d0c-4f0e-9a0c-9c1b6a3d7e55',
  },
  keyId: { description: 'As it was added', example: 'roshan-2026' },
};

const parametersOfPath = (path: string) =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    ...{ name, in: 'path', required: true, ...PATH_MEANINGS[name] },
    schema: { type: 'string', minLength: 1 },
  }));

const shownPath = (path: string): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(PATH_MEANINGS[name]?.example ?? name),
  );

/** A schema's `example` is 3.0's; 3.1 has JSON Schema's `examples`. */
function withExamplesOf31(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withExamplesOf31);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [
    name,
    name === 'schema' || name === 'schemas' ? inSchema(member) : withExamplesOf31(member),
  ]);
  return Object.fromEntries(members) as unknown;
}

function inSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inSchema);
  if (typeof value !== 'object' || value === null) return value;
  const { example, ...schema } = value as Schema;
  const isExample = example !== undefined && typeof schema.properties !== 'object';
  const members = Object.entries(schema).map(([name, member]) => [name, inSchema(member)]);
  return Object.fromEntries([
    ...members,
    ...(isExample ? [['examples', [example]]] : []),
  ]) as unknown;
}
