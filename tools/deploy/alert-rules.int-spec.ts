import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ruleFiles, ruleTestFiles } from './alert-rules.fixture';

const run = promisify(execFile);

/** Prometheus' own tool, which `npm test` gets where it may. What it finds stands in what it throws. */
const promtool = (...args: string[]) =>
  run('promtool', args).then(({ stdout }) => stdout.split('\n').filter(Boolean));

describe('US-NUM-010 the alert rules, as Prometheus takes them', () => {
  it.each(ruleFiles)('%s is well formed', async (file) => {
    expect(await promtool('check', 'rules', '--lint-fatal', file)).toContainEqual(
      expect.stringMatching(/SUCCESS: [1-9]\d* rules found/),
    );
  });

  it.each(ruleTestFiles)('%s: they fire when they must, and only then', async (file) => {
    expect(await promtool('test', 'rules', file)).toContainEqual(expect.stringMatching(/SUCCESS/));
  });
});
