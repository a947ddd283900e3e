import { Controller, Get, Header, Inject, NotFoundException } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { CONFIG } from '@numbering/lifecycle';
import type { Config } from '@numbering/platform';

const PATH = 'docs/tokens.js';
export const DOCS_TOKENS_SCRIPT = `/${PATH}`;

/** In the browser: a list of who to be, the first one at once. */
const OFFER = `(tokens) => {
  const list = document.createElement('select');
  list.title = 'Development tokens: who to call as';
  list.style.cssText = 'position:fixed;top:12px;right:12px;z-index:10;padding:6px';
  for (const name of Object.keys(tokens)) list.add(new Option('as ' + name, name));
  const use = () => window.ui?.preauthorizeApiKey('bearer', tokens[list.value]);
  list.onchange = use;
  document.body.append(list);
  // The page knows its security schemes only when it has read the document.
  const trying = setInterval(() => use() && clearInterval(trying), 100);
}`;

/** What /docs offers where the stack is a development one: ready tokens, by name. */
@ApiExcludeController()
@Controller()
export class DocsTokensController {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  @Get(PATH)
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  @Header('Cache-Control', 'no-store')
  script(): string {
    const { docsTokens } = this.config;
    if (Object.keys(docsTokens).length === 0) throw new NotFoundException();
    return `(${OFFER})(${JSON.stringify(docsTokens)});\n`;
  }
}
