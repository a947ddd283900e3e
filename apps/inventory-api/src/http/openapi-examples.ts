// Examples of bodies, put together from the schemas: an example stands at the member that it is
// of, or is what such a member is called everywhere.
import type { ProblemCode } from './refusal-status';
import { PROBLEMS } from './refusal-status';
import { ERRORS_PAGE } from './problem';

/** As much of JSON Schema as this service's documents have. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  example?: unknown;
  examples?: unknown[];
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: Schema[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  [keyword: string]: unknown;
}
export type Schemas = Readonly<Record<string, Schema>>;

const MOMENT = '2026-03-01T09:30:00.000Z';
const COOL_DOWN_END = '2026-05-30T09:30:00.000Z';
const UUID = 'b0f5f9c2-8f6e-4b57-9a39-3f0f9d4f2c11';

const BY_FORMAT: Readonly<Record<string, unknown>> = {
  'date-time': MOMENT,
  date: '2026-03-01',
  uuid: UUID,
  binary: 'msisdn\n+93790000001\n',
};
const BY_TYPE: Readonly<Record<string, unknown>> = {
  boolean: false,
  integer: 1,
  number: 1,
  object: {},
};
const BY_NAME: Readonly<Record<string, unknown>> = {
  identifier: '+93790000001',
  operatorId: 'ROSHAN',
  tenantId: 'acme',
  keyId: 'roshan-2026',
  actor: 'anna',
  actorId: 'anna',
  adminId: 'bilal',
  importedBy: 'admin',
  reason: 'Complaint 4711 is looked into',
  ticketId: 'T-4711',
  name: 'Roshan',
  expiresAt: '2026-03-01T09:45:00.000Z',
  availableAt: COOL_DOWN_END,
  effectiveUntil: '2026-03-31T09:30:00.000Z',
  requestId: '5c1f2b7e-0c3a-4a67-9a38-7d1a6a6f2b10',
};
const REF = '#/components/schemas/';

/**
 * A value that fits a schema: of optional members those with an example of their own.
 * @throws where a member has no example and none can be told from its name, format or values
 */
export function exampleOf(schema: Schema, schemas: Schemas, name = 'body'): unknown {
  if (schema.example !== undefined) return schema.example;
  if (schema.$ref) return exampleOf(schemas[schema.$ref.slice(REF.length)] ?? {}, schemas, name);
  const [part] = schema.allOf ?? schema.oneOf ?? schema.anyOf ?? [];
  if (part) return exampleOf(part, schemas, name);
  if (schema.properties) return exampleOfMembers(schema, schemas);
  if (schema.enum) return schema.enum[0];
  if (name in BY_NAME) return BY_NAME[name];
  if (schema.format && schema.format in BY_FORMAT) return BY_FORMAT[schema.format];
  const type = [schema.type].flat().find((each) => each !== 'null') ?? '';
  if (type === 'array') return [exampleOf(schema.items ?? {}, schemas, name)];
  if (type in BY_TYPE) return BY_TYPE[type];
  throw new Error(`${name} has no example`);
}

function exampleOfMembers({ properties = {}, required = [] }: Schema, schemas: Schemas): object {
  const shown = Object.entries(properties).filter(
    ([name, member]) => required.includes(name) || member.example !== undefined,
  );
  return Object.fromEntries(
    shown.map(([name, member]) => [name, exampleOf(member, schemas, name)]),
  );
}

interface Told {
  detail: string;
  members?: Readonly<Record<string, unknown>>;
}

/** What is told where a title alone would not show what to expect. */
const TOLD: Partial<Record<ProblemCode, Told>> = {
  VALIDATION_FAILED: {
    detail: 'Some members are wrong: see errors',
    members: { errors: [{ field: 'term', code: 'REQUIRED', message: 'term is missing' }] },
  },
  INVALID_STATE: {
    detail: '+93790000001 is LEASED: it cannot be reserved',
    members: { state: 'LEASED', ownedByCaller: false },
  },
  HELD_BY_OTHER_TENANT: {
    detail: "+93790000001 is another tenant's (HELD)",
    members: { state: 'HELD', ownedByCaller: false },
  },
  ALREADY_LEASED: { detail: '+93790000001 has a lease (LEASED)', members: { state: 'LEASED' } },
  RESERVATION_REQUIRED: {
    detail: 'Reserve +93790000001 before leasing it',
    members: { state: 'AVAILABLE' },
  },
  QUARANTINE_ACTIVE: {
    detail: `+93790000001 is in its cool-down until ${COOL_DOWN_END}`,
    members: { state: 'QUARANTINE', availableAt: COOL_DOWN_END, ownedByCaller: false },
  },
  NOT_YET_VALID: {
    detail: `+93790000001 is not in service before ${COOL_DOWN_END}`,
    members: { validFrom: COOL_DOWN_END },
  },
  USE_RECALL_FOR_LEASES: {
    detail: '+93790000001 is leased: recall it instead',
    members: { state: 'LEASED' },
  },
  SELF_BYPASS_FORBIDDEN: {
    detail: '+93790000001 was recalled from this tenant',
    members: { availableAt: COOL_DOWN_END },
  },
  QUOTA_EXCEEDED: {
    detail: 'The tenant has 10 of 10 leases of MSISDN',
    members: { quota: 10, current: 10, currentCount: 10, identifierClass: 'MSISDN' },
  },
  RESERVATION_QUOTA: {
    detail: 'The tenant has 10 of 10 reservations and holds: lease or release one',
    members: { quota: 10, current: 10 },
  },
  HOLD_QUOTA: {
    detail: 'The tenant has 5 of 5 holds: lease or release one',
    members: { quota: 5, current: 5 },
  },
  OPERATOR_NOT_ALLOWED: {
    detail: 'The tenant may not use numbers of AWCC',
    members: { operatorId: 'AWCC' },
  },
};

/** A problem as a caller of this path gets it. */
export function problemExample(code: ProblemCode, instance: string): Record<string, unknown> {
  const { status, title } = PROBLEMS[code];
  const { detail, members } = TOLD[code] ?? { detail: title };
  return { type: `${ERRORS_PAGE}#${code}`, title, status, detail, instance, code, ...members };
}
