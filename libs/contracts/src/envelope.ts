/** A CloudEvents 1.0 envelope in structured JSON mode, as every published message carries it. */
export interface CloudEvent<D = unknown> {
  specversion: '1.0';
  /** A uuid; the key to drop repeats by. */
  id: string;
  /** `/numbering/<app>` */
  source: string;
  /** The topic. */
  type: string;
  /** The message key. */
  subject: string;
  /** The database's clock at the change, RFC 3339 UTC. */
  time: string;
  datacontenttype: 'application/json';
  data: D;
}

export const cloudEvent = <D>(event: {
  id: string;
  app: string;
  type: string;
  subject: string;
  time: string;
  data: D;
}): CloudEvent<D> => ({
  specversion: '1.0',
  id: event.id,
  source: `/numbering/${event.app}`,
  type: event.type,
  subject: event.subject,
  time: event.time,
  datacontenttype: 'application/json',
  data: event.data,
});
