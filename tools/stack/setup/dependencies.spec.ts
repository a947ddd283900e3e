import { missingDependency } from './dependencies.mjs';

const lock = {
  packages: {
    '': { name: 'project' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b-darwin': { version: '1.0.0', optional: true },
  },
};

describe('missingDependency', () => {
  it('is content with what the lock says, without other platforms’ packages', () => {
    const installed = { packages: { 'node_modules/a': { version: '1.0.0' } } };
    expect(missingDependency(lock, installed)).toBeUndefined();
  });

  it('tells what is missing or of another version', () => {
    expect(missingDependency(lock, undefined)).toBe('nothing is installed');
    expect(missingDependency(lock, { packages: {} })).toBe('a is not installed');
    const other = { packages: { 'node_modules/a': { version: '0.9.0' } } };
    expect(missingDependency(lock, other)).toBe('a is 0.9.0, not 1.0.0');
  });
});
