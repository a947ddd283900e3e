import { runInNewContext } from 'node:vm';
import { openDoor, type Door } from './testing/door';
import { openApi } from './testing/document';

const TOKENS = { acme: 'token-of-acme', admin: 'token-of-admin' };
const LINK = /(?:src|href)=["']([^"']+)["']/g;

describe('/docs', () => {
  let door: Door;
  beforeAll(async () => {
    door = await openDoor({ DOCS_TOKENS: JSON.stringify(TOKENS) });
  });
  afterAll(() => door.close());

  it('needs no other machine: all that the page loads is served here', async () => {
    const { text } = await door.as(undefined).get('/docs');
    const links = [...text.matchAll(LINK)].map(([, link = '']) => link);
    expect(links).toEqual(
      expect.arrayContaining([expect.stringContaining('swagger-ui-bundle.js')]),
    );
    for (const link of links) {
      const address = new URL(link, `${door.url}/docs`);
      expect(address.origin).toBe(new URL(door.url).origin);
      expect(await fetch(address)).toMatchObject({ status: 200 });
    }
  });

  it('shows the document that is tested', async () => {
    const { body } = await door.as(undefined).get('/openapi.json');
    expect(body).toEqual(JSON.parse(JSON.stringify(await openApi())));
  });

  it('offers the development tokens, and calls as the one that is chosen', async () => {
    const { text, headers } = await door.as(undefined).get('/docs/tokens.js');
    expect(headers.get('cache-control')).toBe('no-store');
    const used: string[] = [];
    const list = { style: {}, names: [] as string[], value: 'acme', onchange: () => undefined };
    const isReady = { at: 3 };
    const ticks: (() => void)[] = [];
    runInNewContext(text, {
      document: {
        createElement: () => Object.assign(list, { add: (name: string) => list.names.push(name) }),
        body: { append: () => undefined },
      },
      Option: class {
        constructor(_shown: string, name: string) {
          return new String(name);
        }
      },
      window: {
        ui: {
          preauthorizeApiKey: (scheme: string, token: string) => {
            if (isReady.at-- > 0) return null;
            used.push(`${scheme} ${token}`);
            return {};
          },
        },
      },
      setInterval: (tick: () => void) => ticks.push(tick),
      clearInterval: () => ticks.pop(),
    });
    expect(list.names.map(String)).toEqual(['acme', 'admin']);
    for (let tick = ticks[0]; tick && ticks.length > 0;) tick();
    list.value = 'admin';
    list.onchange();
    expect(used).toEqual(['bearer token-of-acme', 'bearer token-of-admin']);
  });

  it('offers nothing where no tokens were given', async () => {
    const production = await openDoor();
    try {
      const { text } = await production.as(undefined).get('/docs');
      expect(text).not.toContain('tokens.js');
      expect(await production.as(undefined).get('/docs/tokens.js')).toMatchObject({ status: 404 });
    } finally {
      await production.close();
    }
  });
});
