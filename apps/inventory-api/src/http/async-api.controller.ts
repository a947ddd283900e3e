import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { asyncApiDocument } from '@numbering/contracts';

/** The events, as /openapi.json has the routes. */
@ApiExcludeController()
@Controller()
export class AsyncApiController {
  private readonly document = asyncApiDocument();

  @Get('asyncapi.json')
  show() {
    return this.document;
  }
}
