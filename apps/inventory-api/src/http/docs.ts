import { Controller, Get, Header } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiExcludeController, SwaggerModule } from '@nestjs/swagger';
import { DOCS_TOKENS_SCRIPT } from './docs-tokens';
import { openApiDocument } from './openapi-document';
import { PROBLEM_CODES, PROBLEMS } from './refusal-status';

const DOCS_PATH = 'docs';
const DOCUMENT_PATH = 'openapi.json';

/**
 * GET /docs, whose files are this machine's own, and GET /openapi.json.
 * @param hasTokens whether the page offers development tokens
 */
export function serveDocs(app: NestFastifyApplication, hasTokens: boolean): void {
  const document = () => openApiDocument(app);
  SwaggerModule.setup(DOCS_PATH, app, document, {
    jsonDocumentUrl: DOCUMENT_PATH,
    raw: ['json'],
    customSiteTitle: 'Numbering Service',
    ...(hasTokens ? { customJs: DOCS_TOKENS_SCRIPT } : {}),
    swaggerOptions: { persistAuthorization: true, tryItOutEnabled: true },
  });
}

/** What `type` of every problem points to. */
@ApiExcludeController()
@Controller(DOCS_PATH)
export class ErrorsPageController {
  @Get('errors')
  @Header('Content-Type', 'text/html; charset=utf-8')
  errors(): string {
    const rows = PROBLEM_CODES.map((code) => {
      const { status, title } = PROBLEMS[code];
      const cells = [`<code>${code}</code>`, status, title].map((cell) => `<td>${cell}</td>`);
      return `<tr id="${code}">${cells.join('')}</tr>`;
    });
    return [
      '<!doctype html><html lang="en"><meta charset="utf-8"><title>Errors</title>',
      '<style>body{font:16px sans-serif;margin:2rem}td,th{padding:.3rem 1rem;text-align:left}',
      'tr:target{background:#ffd}</style><h1>Errors of the Numbering Service</h1>',
      '<table><tr><th>code</th><th>status</th><th>meaning</th></tr>',
      ...rows,
      '</table></html>',
    ].join('\n');
  }
}
