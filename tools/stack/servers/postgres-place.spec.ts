import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { canWalkTo } from './postgres-place.mjs';

describe('canWalkTo', () => {
  const somebody = { uid: 54_321, gid: 54_321 };

  it('sees a closed folder anywhere above', () => {
    const closed = mkdtempSync(path.join(tmpdir(), 'numbering-closed-'));
    const below = path.join(closed, 'a/b');
    mkdirSync(below, { recursive: true });
    try {
      expect(canWalkTo(below, somebody)).toBe(false);
      chmodSync(closed, 0o711);
      expect(canWalkTo(below, somebody)).toBe(true);
    } finally {
      rmSync(closed, { recursive: true });
    }
  });
});
