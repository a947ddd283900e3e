import http from 'node:http';
import https from 'node:https';
import { Readable, Transform } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';

export interface FormAnswer {
  status: number;
  text: string;
}

/** An import of millions of rows; `fetch` would give up after five minutes without an answer. */
const answerLimitMs = 900_000;

/**
 * Posts a form as a stream: a file in it is read as it is sent, whatever its size.
 *
 * @param onSent told of every piece that went out, in bytes
 */
export function sendForm(
  url: URL,
  token: string,
  form: FormData,
  onSent: (bytes: number) => void,
): Promise<FormAnswer> {
  const encoded = new Response(form);
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': encoded.headers.get('content-type') ?? '',
  };
  const counting = new Transform({
    transform(piece: Uint8Array, _encoding, done) {
      onSent(piece.length);
      done(null, piece);
    },
  });
  const { request } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    const post = request(url, { method: 'POST', headers, timeout: answerLimitMs }, (response) => {
      isAnswered = true;
      const { statusCode: status = 0 } = response;
      text(response).then((body) => resolve({ status, text: body }), reject);
    });
    post.on('timeout', () =>
      post.destroy(new Error(`no answer within ${answerLimitMs / 1_000} s`)),
    );
    // A refusal may come before all is sent: it says more than the line that it cuts.
    const failed = (error: Error) => {
      if (!isAnswered) reject(error);
    };
    post.on('error', failed);
    pipeline(Readable.fromWeb(encoded.body as ReadableStream), counting, post).catch(failed);
  });
}
