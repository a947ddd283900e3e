import { Injectable } from '@nestjs/common';
import { StoreUnavailable } from '@numbering/platform';
import { bulkhead, BulkheadRejectedError } from 'cockatiel';

/** Each holds two connections, its own and the one it stages on: twice this many, and no more, are always there. */
export const IMPORTS_AT_ONCE = 2;
/** How many wait for their turn; each holds its file in memory. */
const WAITING_IMPORTS = 8;

/**
 * Lets imports in by turns, before they take a connection: as many at once as the pool has would each wait for a second
 * one that no other gives back.
 */
@Injectable()
export class ImportTurns {
  private readonly turns = bulkhead(IMPORTS_AT_ONCE, WAITING_IMPORTS);

  /** @throws StoreUnavailable where too many wait already: the caller may ask again */
  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.turns.execute(work);
    } catch (error) {
      if (error instanceof BulkheadRejectedError) throw new StoreUnavailable('postgres', error);
      throw error;
    }
  }
}
