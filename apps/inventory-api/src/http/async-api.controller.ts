import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { asyncApiDocument } from '@numbering/contracts';

/** The events, as /openapi.json has the routes; made when it is first asked for. */
@ApiExcludeController()
@Controller()
export class AsyncApiController {
  private document: ReturnType<typeof asyncApiDocument> | undefined;

  @Get('asyncapi.json')
  show() {
    return (this.document ??= asyncApiDocument());
  }
}
