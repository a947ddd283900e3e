import { residentMb } from '../base/alive.mjs';
import { describeWalk } from './walk.mjs';

const shownTenants = 2;

/** Rows as columns of equal width. */
function columns(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => String(row[i] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, i) => String(cell ?? '').padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
}

function appRows(apps) {
  return Object.entries(apps).flatMap(([name, replicas]) =>
    replicas.map(({ url, grpc, pid, log }) => {
      const memory = residentMb(pid);
      const address = grpc ? `grpc ${grpc}, ${url}` : url;
      return [name, address, pid, memory === undefined ? '' : `${memory} MB`, log];
    }),
  );
}

function serviceRows(home, services) {
  return Object.entries(services)
    .filter(([, service]) => service !== undefined)
    .map(([name, { url, brokers, pid }]) => {
      const memory = pid === undefined ? undefined : residentMb(pid);
      const address = brokers ?? url;
      const own = [pid, memory === undefined ? '' : `${memory} MB`, home.logFile(name)];
      return [name, address, ...(pid === undefined ? ['given', '', ''] : own)];
    });
}

function tokenLines({ admin, validator, tenants }) {
  if (!admin) return ['No tokens: a JWKS_URL was given, its issuer signs them.'];
  const shown = Object.entries(tenants).slice(0, shownTenants);
  return [
    'Tokens (bearer, 30 days; all of them in stack.json; more by',
    '`npm run --silent numbering -- token --help`)',
    ...[['admin', admin], ['validator', validator], ...shown].map(
      ([name, jwt]) => `  ${name}\n    ${jwt}`,
    ),
  ];
}

/** What a start has to show: addresses, tokens, pids, logs, memory, time, and a walk to copy. */
export async function describeStack(home, { written, kafkaMissing, demo }, { startMs }) {
  const header = ['', 'address', 'pid', 'memory', 'log'];
  const table = columns([header, ...appRows(written.apps), ...serviceRows(home, written.services)]);
  return [
    '',
    ...table,
    '',
    ...tokenLines(written.tokens),
    '',
    ...(kafkaMissing ? [`No Kafka, events wait in the outbox: ${kafkaMissing}`, ''] : []),
    ...(demo ? [demo, ''] : []),
    ...describeWalk(written),
    '',
    `API pages: ${written.apps['inventory-api'][0].url}/docs`,
    `Ready in ${(startMs / 1000).toFixed(1)} s.`,
  ].join('\n');
}
