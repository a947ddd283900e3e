import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { mustBe } from '../benchmark';

const run = promisify(execFile);

const CONNECTIONS = 4;
const CALL_TIMEOUT_SECONDS = 5;
/** Beyond the time that it was told to send for. */
const END_LIMIT_MS = 60_000;
const NANOS_A_MS = 1e6;

/** What ghz is to send: every request in turn, from the first again after the last. */
export interface Load {
  /** `package.Service/Method` */
  call: string;
  address: string;
  requests: readonly object[];
  metadata?: Record<string, string>;
  /** Where the server does not tell its messages itself: the proto and the folder of its imports. */
  proto?: { file: string; folder: string };
}

export interface Report {
  calls: number;
  callsPerSecond: number;
  p99Ms: number;
}

interface GhzReport {
  count: number;
  rps: number;
  statusCodeDistribution: Record<string, number>;
  latencyDistribution: { percentage: number; latency: number }[];
}

/** So many callers on four connections, each calling again when it has its answer. All of them must be OK. */
export async function ghz(
  program: string,
  load: Load,
  { callers, seconds }: { callers: number; seconds: number },
): Promise<Report> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ghz-'));
  const at = (name: string) => path.join(folder, name);
  try {
    await writeFile(at('requests.json'), JSON.stringify(load.requests));
    await run(
      program,
      [
        ...['--insecure', '--call', load.call, '--data-file', at('requests.json')],
        ...(load.proto ? ['--proto', load.proto.file, '--import-paths', load.proto.folder] : []),
        ...['--metadata', JSON.stringify(load.metadata ?? {})],
        ...['--concurrency', `${callers}`, '--connections', `${CONNECTIONS}`],
        ...['--duration', `${seconds}s`, '--timeout', `${CALL_TIMEOUT_SECONDS}s`],
        // What is under way at the end is waited for and counted, and requests are made once, not each time.
        ...['--duration-stop', 'wait', '--disable-template-functions', '--disable-template-data'],
        ...['--format', 'json', '--output', at('report.json'), load.address],
      ],
      { timeout: seconds * 1_000 + END_LIMIT_MS },
    );
    const report = JSON.parse(await readFile(at('report.json'), 'utf8')) as GhzReport;
    mustBe(
      `${load.call} under ghz`,
      JSON.stringify(report.statusCodeDistribution),
      JSON.stringify({ OK: report.count }),
    );
    const p99 = report.latencyDistribution.find(({ percentage }) => percentage === 99);
    if (!p99) throw new Error('ghz told no p99');
    return {
      calls: report.count,
      callsPerSecond: report.rps,
      p99Ms: p99.latency / NANOS_A_MS,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
