import { documentFaults } from '@numbering/testing';
import { Validator } from '@seriousme/openapi-schema-validator';
import { openApi, operationsOf, type OpenApi } from '../testing/document';

describe('openapi.json', () => {
  let document: OpenApi;
  beforeAll(async () => {
    document = await openApi();
  });

  it('is OpenAPI 3.1 by its official schema', async () => {
    const { errors = [] } = await new Validator().validate({ ...document });
    expect(errors).toEqual([]);
  });

  it('has nothing that a linter holds against it', async () => {
    expect(await documentFaults(document)).toEqual([]);
  });

  it('says of every route what it is for, whom it takes, and what it answers', () => {
    for (const [route, operation] of operationsOf(document)) {
      expect({ route, ...operation }).toMatchObject({
        summary: expect.stringMatching(/^[A-Z].{3,70}[^.]$/),
        description: expect.stringMatching(/.{20,}\.$/s),
        tags: [expect.any(String)],
        security: expect.arrayContaining([{ bearer: [expect.stringMatching(/^numbering:/)] }]),
      });
    }
  });

  it('has an example of every body; that they fit is the linter’s to say', () => {
    const without: string[] = [];
    for (const [route, { requestBody, responses }] of operationsOf(document)) {
      for (const body of [requestBody, ...Object.values(responses)]) {
        for (const [type, { example, examples }] of Object.entries(body?.content ?? {})) {
          const isForm = type === 'multipart/form-data';
          if (!isForm && example === undefined && !examples) without.push(`${route} ${type}`);
        }
      }
    }
    expect(without).toEqual([]);
  });
});
