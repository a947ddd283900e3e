import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { readJson } from '../base/files.mjs';

/** Removes what an earlier run left in a home that this process has locked: all but its lock. */
export function emptyHome(home) {
  const outside = readJson(home.outsideFile)?.folder;
  if (outside) rmSync(outside, { recursive: true, force: true });
  for (const name of readdirSync(home.folder)) {
    if (name !== path.basename(home.lockFile))
      rmSync(home.at(name), { recursive: true, force: true });
  }
}
