import { StackFailure } from '../base/failure.mjs';

const callTimeoutMs = 120_000;

/**
 * Calls of the demo through the real API. Every change has an idempotency key of its own, and a
 * conflict with what an interrupted load has done already is no failure, so that a load can be run
 * again to its end.
 */
export function createDemoApi(url, adminToken, signal) {
  async function call(method, path, { token = adminToken, body, form, key, accept = [] } = {}) {
    const headers = { authorization: `Bearer ${token}` };
    if (body) headers['content-type'] = 'application/json';
    if (key) headers['idempotency-key'] = `demo:${key}`;
    const response = await fetch(`${url}${path}`, {
      ...{ method, headers, body: body ? JSON.stringify(body) : form },
      signal: AbortSignal.any([signal, AbortSignal.timeout(callTimeoutMs)]),
    });
    const text = await response.text();
    if (response.ok || accept.includes(response.status))
      return text === '' ? undefined : JSON.parse(text);
    throw new StackFailure(`Demo data: ${method} ${path} was answered ${response.status} ${text}`);
  }

  return {
    get: (path, options) => call('GET', path, options),
    put: (path, body, options) => call('PUT', path, { body, ...options }),
    post: (path, body, options) => call('POST', path, { body, ...options }),
    postForm: (path, form, options) => call('POST', path, { form, ...options }),
  };
}
