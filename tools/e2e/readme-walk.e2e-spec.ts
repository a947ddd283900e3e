import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MARK = '===step===';

/** README's walk: each command with what it must show, which stands behind `# →`. */
function walk(): { command: string; shows: string[] }[] {
  const readme = readFileSync('README.md', 'utf8');
  const block = /## A walk\n[^]*?```sh\n([^]*?)```/.exec(readme)?.[1] ?? '';
  const steps: { command: string; shows: string[] }[] = [];
  for (const line of block.trim().split('\n')) {
    if (line.startsWith('# → ')) steps.at(-1)?.shows.push(line.slice('# → '.length));
    else steps.push({ command: line, shows: [] });
  }
  return steps;
}

describe('README’s walk', () => {
  it('shows what it says, command for command', async () => {
    const steps = walk();
    expect(steps.length).toBeGreaterThan(10);
    const script = steps.map(({ command }) => `${command}\necho; echo '${MARK}'`).join('\n');
    const { stdout } = await run('bash', ['-e', '-o', 'pipefail', '-c', script]);
    const shown = stdout.split(`${MARK}\n`);
    steps.forEach(({ command, shows }, index) => {
      for (const fragment of shows) {
        const out = shown[index] ?? '';
        expect({ command, out, shows: out.includes(fragment) ? fragment : '' }).toEqual({
          command,
          out,
          shows: fragment,
        });
      }
    });
  });
});
