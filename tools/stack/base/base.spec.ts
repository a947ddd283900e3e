import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync, readdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { endProcess, isAlive, startOf } from './alive.mjs';
import { runCommand } from './commands.mjs';
import { describeFailure } from './failure.mjs';
import { openHome } from './home.mjs';
import { lockHolder, releaseLock, takeLock } from './lock.mjs';
import { createPorts } from './ports.mjs';
import { createProcesses, endLeftovers } from './processes.mjs';

const sleeper = ['-e', 'console.log("up"); setTimeout(() => undefined, 60_000)'];
const deaf = ['-e', 'process.on("SIGTERM", () => 0); console.log("up"); setTimeout(() => 0, 6e4)'];

describe('parts of the stack', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'numbering-stack-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const startNode = async (args: string[]) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    return { pid: child.pid, start: startOf(child.pid) };
  };

  describe('lock', () => {
    it('has one holder, who alone can give it back', () => {
      const file = path.join(folder, 'lock');
      expect(takeLock(file, { mode: 'test' })).toBeUndefined();
      expect(takeLock(file)).toMatchObject({ pid: process.pid, mode: 'test' });
      releaseLock(file);
      expect(lockHolder(file)).toBeUndefined();
      expect(readdirSync(folder)).toEqual([]);
    });

    it('is free where its holder is gone, even if another process has that pid now', () => {
      const file = path.join(folder, 'lock');
      writeFileSync(file, JSON.stringify({ pid: process.pid, start: 'another time' }));
      expect(lockHolder(file)).toBeUndefined();
      expect(takeLock(file)).toBeUndefined();
    });

    it('is free where a crash left half of it', () => {
      const file = path.join(folder, 'lock');
      writeFileSync(file, '{"pid":');
      expect(takeLock(file)).toBeUndefined();
    });
  });

  describe('ends processes', () => {
    it('by their signal where they listen to it', async () => {
      const entry = await startNode(sleeper);
      expect(await endProcess(entry, { limitMs: 5_000 })).toBe(false);
      expect(isAlive(entry)).toBe(false);
    });

    it('by force where they do not', async () => {
      const entry = await startNode(deaf);
      expect(await endProcess(entry, { limitMs: 200 })).toBe(true);
      expect(isAlive(entry)).toBe(false);
    });

    it('never somebody else who has the pid by now', async () => {
      const entry = await startNode(sleeper);
      await endProcess({ ...entry, start: 'another time' }, { limitMs: 200 });
      expect(isAlive(entry)).toBe(true);
      await endProcess(entry, { limitMs: 5_000 });
    });
  });

  describe('processes', () => {
    it('tells who ended by itself, and not who was stopped', async () => {
      const processes = createProcesses(openHome(folder));
      const died = new Promise((resolve) => {
        processes.whenOneDies(({ name }: { name: string }, outcome: string) =>
          resolve([name, outcome]),
        );
      });
      const launch = (name: string, args: string[]) =>
        processes.launch({
          name,
          stage: 'app',
          command: process.execPath,
          args,
          stopTimeoutMs: 5_000,
        });
      launch('steady', sleeper);
      launch('brief', ['-e', 'process.exit(3)']);
      expect(await died).toEqual(['brief', 'exit code 3']);
      expect(await processes.stopAll()).toEqual([]);
      expect(processes.running()).toEqual([]);
    });

    it('are written down, so that another process can end them', async () => {
      const home = openHome(folder);
      const processes = createProcesses(home);
      processes.whenOneDies(() => undefined);
      const options = { command: process.execPath, args: sleeper, stopTimeoutMs: 5_000 };
      const handle = processes.launch({ name: 'left', stage: 'store', ...options });
      expect(await endLeftovers(home)).toEqual(['left']);
      expect(await handle.exited).toBe('SIGTERM');
    });
  });

  describe('ports', () => {
    it('are the wanted one where it is free, else another, and none twice', async () => {
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const { port } = taken.address() as AddressInfo;
      const takePort = createPorts({ useDefaults: true });
      const other = await takePort(port);
      expect(other).not.toBe(port);
      taken.close();
      expect(await createPorts({ useDefaults: true })(port)).toBe(port);
      expect(await takePort(other)).not.toBe(other);
      expect(await createPorts({ useDefaults: false })(port)).not.toBe(port);
    });
  });

  describe('commands', () => {
    const run = (code: string, more = {}) =>
      runCommand({
        ...{ what: 'The thing failed', command: process.execPath, args: ['-e', code] },
        ...{ logFile: path.join(folder, 'thing.log'), timeoutMs: 5_000, ...more },
      });
    const failureOf = async (code: string, more = {}) =>
      describeFailure(await run(code, more).catch((error: unknown) => error)) as string;

    it('show the end of their log where they fail', async () => {
      const shown = await failureOf('console.error("because of this"); process.exit(4)');
      expect(shown).toMatch(/The thing failed: .* ended with 4\./);
      expect(shown).toMatch(/because of this\n.*thing\.log/);
    });

    it('are ended where they take too long or a stop is asked for', async () => {
      expect(await failureOf(sleeper[1] ?? '', { timeoutMs: 100 })).toMatch(/longer than 0.1 s/);
      const signal = AbortSignal.timeout(100);
      expect(await failureOf(sleeper[1] ?? '', { signal })).toBe('stopped before it was ready');
    });

    it('say which program is not there', async () => {
      expect(await failureOf('', { command: 'no-such-program' })).toMatch(/ENOENT/);
    });
  });
});
