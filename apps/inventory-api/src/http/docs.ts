import { Controller, Get, Header } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiExcludeController, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { FaultBody, ProblemBody } from './openapi';
import { PROBLEM_CODES, PROBLEMS } from './refusal-status';

const DOCS_PATH = 'docs';
const DOCUMENT_PATH = 'openapi.json';

/** GET /docs, whose files are this machine's own, and GET /openapi.json. */
export function serveDocs(app: NestFastifyApplication): void {
  const config = new DocumentBuilder()
    .setTitle('Numbering Service')
    .setDescription(
      'The inventory of sendable identities: claims, leases, recalls, quotas, blocks, audit. ' +
        'Times are RFC 3339 in UTC, errors RFC 9457; every code stands on /docs/errors.',
    )
    .setVersion('1')
    .addBearerAuth()
    .build();
  const document = () =>
    SwaggerModule.createDocument(app, config, { extraModels: [ProblemBody, FaultBody] });
  SwaggerModule.setup(DOCS_PATH, app, document, {
    jsonDocumentUrl: DOCUMENT_PATH,
    raw: ['json'],
    customSiteTitle: 'Numbering Service',
    swaggerOptions: { persistAuthorization: true },
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
