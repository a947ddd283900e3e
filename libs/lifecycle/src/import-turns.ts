import { Injectable } from '@nestjs/common';
import { TooBusy } from '@numbering/platform';
import { bulkhead, BulkheadRejectedError } from 'cockatiel';

/** How many imports work at once: more would only wait for Postgres' cores and each other. */
export const IMPORTS_AT_ONCE = 2;
/**
 * How many files are here at once, being received, waiting for their turn or imported. Each lies on
 * disk with up to 128 MB and may hold a connection.
 */
export const FILES_AT_ONCE = 10;
/** How many signatures are verified at once: each has its file whole in memory. */
const VERIFICATIONS_AT_ONCE = 1;

/** The bounds of what imports take of this process. */
@Injectable()
export class ImportTurns {
  private readonly files = bulkhead(FILES_AT_ONCE);
  private readonly imports = bulkhead(IMPORTS_AT_ONCE, FILES_AT_ONCE);
  private readonly verifications = bulkhead(VERIFICATIONS_AT_ONCE, FILES_AT_ONCE);

  /**
   * Lets a file in, before a byte of it is read, for as long as `work` takes.
   * @throws TooBusy where FILES_AT_ONCE are here
   */
  async withFile<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.files.execute(work);
    } catch (error) {
      if (error instanceof BulkheadRejectedError) throw new TooBusy('imports');
      throw error;
    }
  }

  /** Parses and publishes when it is its turn. */
  toImport<T>(work: () => Promise<T>): Promise<T> {
    return this.imports.execute(work);
  }

  /** Holds a whole file in memory when it is its turn. */
  toVerify<T>(work: () => Promise<T>): Promise<T> {
    return this.verifications.execute(work);
  }
}
