import { PUBLISHED_TOPICS, publishedData, type PublishedTopic } from '@numbering/contracts';
import type { Rows } from './invariants';

/** A fixture's own rows tell of what a test made up. */
const WRITTEN = `SELECT topic, payload -> 'data' AS data
                   FROM numbering.outbox
                  WHERE topic IS NOT NULL
                    AND payload ->> 'app' <> 'fixture'`;

const isPublished = (topic: string): topic is PublishedTopic =>
  Object.hasOwn(PUBLISHED_TOPICS, topic);

/** What stands in the outbox and is not as /asyncapi.json promises it, members too many included. */
export async function unpromisedEvents(rows: Rows): Promise<string[]> {
  const written = (await rows(WRITTEN)) as { topic: string; data: unknown }[];
  return written.flatMap(({ topic, data }) => {
    if (!isPublished(topic)) return [`${topic} is no topic`];
    const read = publishedData(topic).strict().safeParse(data);
    if (read.success) return [];
    return [`${topic} ${JSON.stringify(data)}: ${read.error.message}`];
  });
}
