import { readFileSync } from 'node:fs';
import { LEDGER_ACTIONS } from '@numbering/contracts';
import { REFUSAL_CODES } from '@numbering/domain';
import { FILES_AT_ONCE } from '@numbering/lifecycle';
import { loadConfig, METRICS, type AppName } from '@numbering/platform';
import { alertRules } from './alert-rules.fixture';
import {
  compose,
  defaultPorts,
  drainSeconds,
  environmentOf,
  exitCode,
  filledIn,
  grpcPort,
  healthPaths,
  jobNames,
  kustomization,
  namesIn,
  ofKind,
  podOf,
  textOf,
  variables,
  type Container,
  type Manifest,
} from './deploy-files.fixture';

const apps = namesIn('apps') as AppName[];
const [livePath, readyPath] = ['/health/live', '/health/ready'];
const { version } = JSON.parse(textOf('package.json')) as { version: string };
const EXIT_CONFIGURATION = 78;
/** Of an import (contract). */
const MAX_FILE_BYTES = 128 * 1024 ** 2;

const onlyContainer = (manifest: Manifest): Container => {
  const [container, ...others] = podOf(manifest).containers;
  if (!container || others.length > 0) throw new Error('one container is wanted');
  return container;
};
const deploymentOf = (app: string): Manifest => {
  const found = ofKind('Deployment').find(({ metadata }) => metadata.name === app);
  if (!found) throw new Error(`${app} has no Deployment`);
  return found;
};
const serviceOf = (app: string) => {
  const found = compose.services[app];
  if (!found) throw new Error(`${app} is no service of compose`);
  return found;
};
const unknownTo = (names: Iterable<string>): string[] =>
  [...names].filter((name) => !variables.has(name));

it('reads from the sources what the files are compared with', () => {
  expect(variables.size).toBeGreaterThan(30);
  expect([...defaultPorts.keys()].sort()).toEqual(apps);
  expect(grpcPort).toBeGreaterThan(0);
  expect(drainSeconds).toBeGreaterThan(0);
  expect(healthPaths).toEqual([livePath, readyPath]);
  expect(jobNames.length).toBeGreaterThan(0);
});

describe('the Dockerfile', () => {
  const dockerfile = textOf('docker/Dockerfile');
  const stages = [...dockerfile.matchAll(/^FROM runtime AS (\S+)\nENV (.*)\nEXPOSE (.*)$/gm)];

  it('has a stage for each app, with its ports', () => {
    expect(stages.map(([, app]) => app).sort()).toEqual(apps);
    for (const [, app, environment, exposed] of stages) {
      const grpc = app === 'lease-validator' ? [grpcPort] : [];
      const http = defaultPorts.get(app ?? '');
      expect(exposed?.split(' ').map(Number)).toEqual([http, ...grpc]);
      const set = [`PORT=${http}`, ...grpc.map((port) => `GRPC_PORT=${port}`)];
      expect(environment?.split(' ')).toEqual(set);
    }
  });

  it('sets no variable that nobody reads', () => {
    const lines = [...dockerfile.matchAll(/^ENV (.*)$/gm)].flatMap(([, line]) => line?.split(' '));
    const read = new Set(['KAFKAJS_NO_PARTITIONER_WARNING', 'NX_DAEMON', 'NX_TUI']);
    const names = lines.map((pair) => pair?.split('=')[0] ?? '').filter((name) => !read.has(name));
    expect(unknownTo(names)).toEqual([]);
  });

  it('starts Node itself, as nobody of note, and is asked whether it lives', () => {
    const command = /^CMD (.*)$/m.exec(dockerfile)?.[1] ?? '';
    // As `npm start` starts it.
    const launch = readFileSync('tools/stack/run/launch-node.mjs', 'utf8');
    const flags = [...launch.matchAll(/^ {2}'(--[^']+)'/gm)].map((flag) => flag[1]);
    expect(flags.length).toBeGreaterThan(1);
    expect(JSON.parse(command)).toEqual(['node', ...flags, 'dist/served/main.js']);
    expect(dockerfile).toMatch(/^USER 1000:1000$/m);
    expect(/^HEALTHCHECK[^]*?\n {2}CMD (.*)$/m.exec(dockerfile)?.[1]).toContain(livePath);
  });

  it('is labelled with the version of the package', () => {
    expect(dockerfile).toContain(`org.opencontainers.image.version="${version}"`);
  });
});

describe('compose', () => {
  it('has the servers, the migration and every app', () => {
    const others = ['kafka', 'migrate', 'postgres', 'redis'];
    expect(Object.keys(compose.services).sort()).toEqual([...apps, ...others].sort());
  });

  it.each(apps)('starts %s with an environment that it takes', (app) => {
    const { environment, image, build, depends_on: needs } = serviceOf(app);
    expect(unknownTo(Object.keys(environment))).toEqual([]);
    const { httpPort, databaseUrl } = loadConfig(filledIn(environment), app);
    expect(httpPort).toBe(defaultPorts.get(app));
    expect(databaseUrl).toBe(filledIn(serviceOf('migrate').environment).DATABASE_URL);
    expect(image).toBe(`numbering/${app}:${version}`);
    expect(build?.args.APP).toBe(app);
    expect(needs.migrate?.condition).toBe('service_completed_successfully');
  });

  it.each(apps)('asks %s whether it is ready, at the port that it has', (app) => {
    const { healthcheck, ports = [] } = serviceOf(app);
    const http = defaultPorts.get(app);
    expect(healthcheck.test?.join(' ')).toContain(`127.0.0.1:${http}${readyPath}'`);
    const published = app === 'lease-validator' ? [http, grpcPort] : [http];
    expect(ports).toEqual(published.map((port) => `127.0.0.1:${port}:${port}`));
  });

  it('gives Redis what BullMQ and the key events need', () => {
    const command = serviceOf('redis').command?.join(' ');
    expect(command).toContain('--maxmemory-policy noeviction');
    expect(command).toContain('--notify-keyspace-events Ex');
  });
});

describe('the Deployments', () => {
  it('are the apps', () => {
    expect(
      ofKind('Deployment')
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(apps);
  });

  it('have images of this version', () => {
    const used = ['Deployment', 'CronJob', 'Job']
      .flatMap(ofKind)
      .map((each) => onlyContainer(each));
    expect(new Set(used.map(({ image }) => image))).toEqual(
      new Set(kustomization.images.map(({ name }) => name)),
    );
    expect(new Set(kustomization.images.map(({ newTag }) => newTag))).toEqual(new Set([version]));
  });

  it.each(apps)('start %s with an environment that it takes', (app) => {
    const environment = environmentOf(onlyContainer(deploymentOf(app)));
    expect(unknownTo(Object.keys(environment))).toEqual([]);
    expect(loadConfig(environment, app).httpPort).toBe(defaultPorts.get(app));
  });

  it.each(apps)('reach %s at its ports, and ask it where it answers', (app) => {
    const deployment = deploymentOf(app);
    const { ports = [], startupProbe, livenessProbe, readinessProbe } = onlyContainer(deployment);
    const grpc = app === 'lease-validator' ? [{ name: 'grpc', containerPort: grpcPort }] : [];
    expect(ports).toEqual([{ name: 'http', containerPort: defaultPorts.get(app) }, ...grpc]);
    expect(startupProbe?.httpGet).toEqual({ path: livePath, port: 'http' });
    expect(livenessProbe?.httpGet).toEqual({ path: livePath, port: 'http' });
    expect(readinessProbe?.httpGet).toEqual({ path: readyPath, port: 'http' });
    expect(deployment.spec.template.metadata.annotations?.['prometheus.io/port']).toBe(
      String(defaultPorts.get(app)),
    );
    const service = ofKind('Service').find(({ metadata }) => metadata.name === app);
    expect(service?.spec.ports).toEqual(
      ports.map(({ name, containerPort }) => ({ name, port: containerPort, targetPort: name })),
    );
    expect(service?.spec.clusterIP).toBe(app === 'lease-validator' ? 'None' : undefined);
  });
});

describe('the CronJobs', () => {
  const cronJobs = ofKind('CronJob');

  it('are the jobs that there are', () => {
    expect(cronJobs.map(({ metadata }) => metadata.name).sort()).toEqual(jobNames);
  });

  it.each(cronJobs.map((each) => [each.metadata.name, each] as const))(
    'run %s once at a time, in UTC, and know its exit codes',
    (name, cronJob) => {
      const container = onlyContainer(cronJob);
      const entry = ['dist/apps/reservation-worker/main.js', 'run', name];
      expect(container.command?.slice(-entry.length)).toEqual(entry);
      expect(container.image).toBe('numbering/reservation-worker');
      const environment = environmentOf(container);
      expect(unknownTo(Object.keys(environment))).toEqual([]);
      expect(() => loadConfig(environment, 'reservation-worker')).not.toThrow();
      expect(cronJob.spec).toMatchObject({ timeZone: 'Etc/UTC', concurrencyPolicy: 'Forbid' });
      const { activeDeadlineSeconds, podFailurePolicy } = cronJob.spec.jobTemplate.spec;
      expect(activeDeadlineSeconds).toBeGreaterThan(0);
      const codesBy = (action: string) =>
        podFailurePolicy.rules.flatMap((rule) =>
          rule.action === action && rule.onExitCodes?.containerName === container.name
            ? rule.onExitCodes.values
            : [],
        );
      expect(codesBy('FailJob')).toEqual([exitCode('USAGE'), EXIT_CONFIGURATION]);
      expect(codesBy('Ignore')).toEqual([exitCode('OTHER_RUN')]);
    },
  );

  it('leave to the worker what no CronJob does', () => {
    const environment = environmentOf(onlyContainer(deploymentOf('reservation-worker')));
    const { expireLeasesEveryMs, renewLeasesAt } = loadConfig(environment, 'reservation-worker');
    expect([expireLeasesEveryMs, renewLeasesAt]).toEqual(['off', 'off']);
    expect(jobNames).toEqual(expect.arrayContaining(['expire-leases', 'renew-leases']));
  });
});

describe('everything that runs', () => {
  const running = ['Deployment', 'CronJob', 'Job'].flatMap(ofKind);

  it.each(running.map((each) => [`${each.kind} ${each.metadata.name}`, each] as const))(
    '%s is restricted and bounded',
    (_, manifest) => {
      const pod = podOf(manifest);
      const container = onlyContainer(manifest);
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources.requests).toHaveProperty('cpu');
      expect(container.resources.limits).toHaveProperty('memory');
      expect(() => environmentOf(container)).not.toThrow();
    },
  );

  it.each(
    ['Deployment', 'CronJob'].flatMap(ofKind).map((each) => [each.metadata.name, each] as const),
  )('%s may finish what it began', (_, manifest) => {
    expect(podOf(manifest).terminationGracePeriodSeconds).toBeGreaterThan(drainSeconds);
  });

  it('gives the files of imports a place to lie', () => {
    const [mount] = onlyContainer(deploymentOf('inventory-api')).volumeMounts ?? [];
    expect(mount).toEqual({ name: 'uploads', mountPath: '/tmp' });
    const [volume] = podOf(deploymentOf('inventory-api')).volumes ?? [];
    expect(volume).toEqual({ name: 'uploads', emptyDir: { sizeLimit: '2Gi' } });
    expect(FILES_AT_ONCE * MAX_FILE_BYTES).toBeLessThanOrEqual(2 * 1024 ** 3);
    expect(serviceOf('inventory-api').volumes).toEqual(['/tmp']);
  });

  it('migrates as compose does', () => {
    const [migrate] = ofKind('Job').map(onlyContainer);
    expect(migrate?.command).toEqual(serviceOf('migrate').command);
    expect(migrate?.command?.slice(-2)).toEqual(['dist/tools/cli/main.js', 'migrate']);
  });
});

describe('the runbooks', () => {
  const runbooks = namesIn('docs/runbooks');

  it.each(runbooks)('%s says what is seen, what it means and what to do, in this order', (file) => {
    const titles = [...textOf(`docs/runbooks/${file}`).matchAll(/^## (.*)$/gm)];
    expect(titles.map(([, title]) => title)).toEqual([
      'What you see',
      'What it means',
      'What to do',
    ]);
  });

  it.each(runbooks)('%s names metrics, alerts, settings, jobs and pages that exist', (file) => {
    const text = textOf(`docs/runbooks/${file}`);
    const metrics = [...text.matchAll(/\bnum(?:bering)?_[a-z_]+\b/g)].map(([name]) => name);
    const role = 'numbering_app';
    const alerts = alertRules.map(({ alert }) => alert);
    const known = new Set([role, ...alerts, ...Object.keys(METRICS)]);
    expect(metrics.filter((name) => !known.has(name))).toEqual([]);
    const settings = [...text.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, name]) => name ?? '');
    const told = new Set<string>([...REFUSAL_CODES, ...LEDGER_ACTIONS, 'DEPENDENCY_UNAVAILABLE']);
    expect(unknownTo(settings.filter((name) => !told.has(name)))).toEqual([]);
    const jobs = [...text.matchAll(/(?:main\.js run|-- job) ([a-z-]+)/g)].map(([, job]) => job);
    expect(jobs.filter((job) => !jobNames.includes(job ?? ''))).toEqual([]);
    const pages = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, page]) => page);
    expect(pages.filter((page) => !runbooks.includes(page ?? ''))).toEqual([]);
  });
});
