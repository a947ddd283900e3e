import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { countTests } from './jest.mjs';

describe('countTests', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'numbering-counts-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const count = (results: object) => {
    const file = path.join(folder, 'results.json');
    const none = { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 0 };
    writeFileSync(file, JSON.stringify({ ...none, numPendingTests: 0, success: true, ...results }));
    return countTests(file);
  };

  it('counts tests, and a suite that could not run as one that failed', () => {
    expect(count({ numPassedTests: 3 })).toMatchObject({ passed: 3, failed: 0 });
    const broken = {
      numPassedTests: 3,
      numFailedTests: 1,
      numRuntimeErrorTestSuites: 2,
      success: false,
    };
    expect(count(broken)).toMatchObject({ passed: 3, failed: 3 });
  });

  it('never takes nothing for success', () => {
    expect(count({})).toMatchObject({ passed: 0, failed: 1 });
    expect(count({ numPassedTests: 3, success: false })).toMatchObject({ passed: 3, failed: 1 });
    expect(countTests(path.join(folder, 'missing.json'))).toMatchObject({ passed: 0, failed: 1 });
  });

  it('says that tests were skipped', () => {
    expect(count({ numPassedTests: 3, numPendingTests: 2 }).note).toMatch(/2 tests were skipped/);
  });
});
