// The deployment files as data, and what the sources say that they must agree with.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

const root = path.resolve(__dirname, '../..');
export const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8');
export const namesIn = (folder: string): string[] => readdirSync(path.join(root, folder)).sort();

type Environment = Record<string, string>;

export interface ComposeService {
  volumes?: string[];
  image: string;
  command?: string[];
  build?: { args: { APP: string } };
  environment: Environment;
  ports?: string[];
  healthcheck: { test?: string[]; disable?: boolean };
  depends_on: Record<string, { condition: string }>;
}
export const compose: { services: Record<string, ComposeService> } = parse(
  textOf('docker/compose.yaml'),
  { merge: true },
);

export interface Probe {
  httpGet: { path: string; port: string };
}
export interface Container {
  name: string;
  image: string;
  command?: string[];
  ports?: { name: string; containerPort: number }[];
  envFrom?: { configMapRef: { name: string } }[];
  env?: { name: string; valueFrom: { secretKeyRef: { name: string; key: string } } }[];
  startupProbe?: Probe;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  securityContext: Record<string, unknown>;
  resources: { requests: Environment; limits: Environment };
  volumeMounts?: { name: string; mountPath: string }[];
}
export interface Pod {
  volumes?: { name: string; emptyDir?: { sizeLimit: string } }[];
  terminationGracePeriodSeconds?: number;
  securityContext: Record<string, unknown>;
  containers: Container[];
}
interface Rule {
  action: string;
  onExitCodes?: { containerName: string; operator: string; values: number[] };
}
export interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: {
    template: { metadata: { annotations?: Environment }; spec: Pod };
    jobTemplate: {
      spec: {
        activeDeadlineSeconds: number;
        podFailurePolicy: { rules: Rule[] };
        template: { spec: Pod };
      };
    };
    timeZone?: string;
    concurrencyPolicy?: string;
    clusterIP?: string;
    ports: { name: string; port: number; targetPort: string }[];
  };
}
interface Kustomization {
  resources: string[];
  images: { name: string; newTag: string }[];
  configMapGenerator: { name: string; literals: string[] }[];
}
const BASE = 'k8s/base';
export const kustomization: Kustomization = parse(textOf(`${BASE}/kustomization.yaml`));
export const manifests: Manifest[] = kustomization.resources.flatMap((file) =>
  parseAllDocuments(textOf(`${BASE}/${file}`)).map((document) => document.toJSON() as Manifest),
);
export const ofKind = (kind: string): Manifest[] => manifests.filter((each) => each.kind === kind);
export const podOf = ({ kind, spec }: Manifest): Pod =>
  kind === 'CronJob' ? spec.jobTemplate.spec.template.spec : spec.template.spec;

const configMaps = new Map(
  kustomization.configMapGenerator.map(({ name, literals }) => [
    name,
    Object.fromEntries(literals.map((literal) => splitOnce(literal))),
  ]),
);

function splitOnce(literal: string): [string, string] {
  const at = literal.indexOf('=');
  return [literal.slice(0, at), literal.slice(at + 1)];
}

/** What nobody keeps in git, as values that are right. */
const SECRET: Environment = {
  DATABASE_URL: 'postgres://numbering:secret@postgres:5432/numbering',
  REDIS_URL: 'redis://redis:6379',
  CURSOR_SECRET: 'at least 16 characters',
};

/** The environment that a container of Kubernetes starts with. Throws where a reference leads nowhere. */
export function environmentOf({ envFrom = [], env = [] }: Container): Environment {
  const maps = envFrom.map(({ configMapRef }) => {
    const map = configMaps.get(configMapRef.name);
    if (!map) throw new Error(`there is no ConfigMap ${configMapRef.name}`);
    return map;
  });
  const secrets = env.map(({ name, valueFrom }) => {
    const { name: secret, key } = valueFrom.secretKeyRef;
    const value = SECRET[key];
    if (secret !== 'numbering' || value === undefined) {
      throw new Error(`the Secret ${secret} has no key ${key}`);
    }
    return [name, value] as const;
  });
  return Object.assign({}, ...maps, Object.fromEntries(secrets)) as Environment;
}

/** `${NAME:?}` and `${NAME:-default}` of compose as a caller fills them in. */
const GIVEN: Environment = {
  POSTGRES_PASSWORD: 'secret',
  JWT_ISSUER: 'https://identity.example',
  JWT_AUDIENCE: 'numbering',
  JWKS_URL: 'https://identity.example/jwks.json',
  BILLING_URL: 'https://billing.example',
  CURSOR_SECRET: 'at least 16 characters',
};
export const filledIn = (environment: Environment): Environment =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      String(value).replaceAll(/\$\{(\w+):([?-])([^}]*)\}/g, (_, variable, kind, text) => {
        const filled = GIVEN[variable] ?? (kind === '-' ? text : undefined);
        if (filled === undefined) throw new Error(`nobody gives ${variable}`);
        return filled as string;
      }),
    ]),
  );

const config = textOf('libs/platform/src/config.ts');
const between = (text: string, from: string, to: string): string => {
  const start = text.indexOf(from);
  const end = text.indexOf(to, start);
  if (start < 0 || end < 0) throw new Error(`no text from ${from} to ${to}`);
  return text.slice(start + from.length, end);
};

/** Every variable that config.ts describes. */
export const variables: ReadonlySet<string> = new Set([
  'PORT',
  ...[...between(config, 'const SCHEMA = z.object({', '\n});').matchAll(/^ {2}([A-Z_]+):/gm)].map(
    ([, name]) => name as string,
  ),
]);

/** The port that each app has by default. */
export const defaultPorts: ReadonlyMap<string, number> = new Map(
  [...between(config, 'const DEFAULT_HTTP_PORT', '};').matchAll(/'([a-z-]+)': '(\d+)'/g)].map(
    ([, app, port]) => [app as string, Number(port)],
  ),
);
export const grpcPort = Number(/GRPC_PORT: port\(\)\.prefault\('(\d+)'\)/.exec(config)?.[1]);

const drains = ['libs/platform/src/shutdown.ts', 'apps/reservation-worker/src/run-job.ts'];
/** How long an app or a job may take to end. */
export const drainSeconds = Math.max(
  ...drains.map((file) => {
    const limit = /DRAIN_LIMIT_MS = ([\d_]+)/.exec(textOf(file))?.[1] ?? 'none';
    return Number(limit.replaceAll('_', '')) / 1_000;
  }),
);

const health = textOf('libs/platform/src/health.ts');
const controller = /@Controller\('([a-z]+)'\)/.exec(health)?.[1] ?? '';
/** `/health/live` and `/health/ready`, as the code has them. */
export const healthPaths = [...health.matchAll(/@Get\('([a-z]+)'\)/g)].map(
  ([, name]) => `/${controller}/${name}`,
);

/** The jobs of the table by which reservation-worker runs them. */
export const jobNames = ((): string[] => {
  const schedule = textOf('apps/reservation-worker/src/schedule.ts');
  const release = /RELEASE_JOB = '([a-z-]+)'/.exec(schedule)?.[1] ?? '';
  const table = between(schedule, 'export const SCHEDULE', '\n];');
  return [...table.matchAll(/^ {4}job: (?:'([a-z-]+)'|RELEASE_JOB),$/gm)]
    .map(([, name]) => name ?? release)
    .sort();
})();

/** `EXIT.…` of run-job.ts by name. */
export const exitCode = (name: string): number =>
  Number(
    new RegExp(`^ {2}${name}: (\\d+),$`, 'm').exec(
      textOf('apps/reservation-worker/src/run-job.ts'),
    )?.[1],
  );
