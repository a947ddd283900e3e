import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { eventually } from '@numbering/testing';

/** Several start at once, on machines that have other things to do. */
const START_LIMIT_MS = 45_000;

/** A built app as a process of a test's own, which may be killed and started again. */
export class AppProcess {
  private child: ChildProcess | undefined;

  constructor(
    private readonly app: string,
    private readonly port: number,
    private readonly settings: Record<string, string>,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const main = path.resolve('dist/apps', this.app, 'main.js');
    this.child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', main], {
      env: { PATH: process.env.PATH, LOG_LEVEL: 'error', ...this.settings, PORT: `${this.port}` },
      stdio: 'ignore',
    });
    try {
      await eventually(
        async () => expect((await fetch(`${this.url}/health/ready`)).status).toBe(200),
        { withinMs: START_LIMIT_MS },
      );
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** One line of its metrics, labels and all, the lines of several label sets added up; NaN where there is none. */
  async metric(line: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const values = text
      .split('\n')
      .filter((each) => each.startsWith(line) && /^[ {]/.test(each.slice(line.length)))
      .map((each) => Number(each.slice(each.lastIndexOf(' '))));
    return values.length === 0 ? NaN : values.reduce((sum, value) => sum + value, 0);
  }

  /** As an orchestrator ends it. @returns the exit code; null where a signal ended it */
  async terminate(): Promise<number | null> {
    const { child } = this;
    if (!child || child.exitCode !== null) return child?.exitCode ?? null;
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    return exit;
  }

  /** As a crash: no signal handler runs. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
}
