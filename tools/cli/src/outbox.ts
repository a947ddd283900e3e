import { listParked, retryParked } from '@numbering/persistence';
import { databaseUrl } from './stack-file.js';

/** Prints what is parked, one JSON line each. */
export async function printParked(): Promise<void> {
  for (const parked of await listParked(databaseUrl())) console.log(JSON.stringify(parked));
}

/** Hands parked events back to the relay and says how many. */
export async function retryParkedEvents(key: string | undefined): Promise<void> {
  const count = await retryParked(databaseUrl(), key);
  console.log(JSON.stringify({ retried: count }));
}
