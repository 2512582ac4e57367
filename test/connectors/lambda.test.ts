import { describe, expect, it } from 'vitest';
import { awsError, json, ok, reasonOf, reset, scene, serve, silence } from './scene.ts';

const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:enrich';

async function lambda(settings: object, ...scripts: Parameters<typeof serve>) {
  const server = await serve(...scripts);
  const made = scene({ lambda: { functions: ['enrich'], ...settings } }, { endpoint: server.url });
  return { ...made, server, call: (input = '{"a":1}') => made.askText('aws_lambda', `["${arn}",${input}]`) };
}

describe('aws_lambda', () => {
  it('sends the input and gives the answer as they are spelled', async () => {
    const { call, server } = await lambda({}, json('{"x": 9007199254740993, "y": 1.10}'));
    expect(await call('{"big":12345678901234567890,"d":10.0}')).toEqual(ok('{"x": 9007199254740993, "y": 1.10}'));
    expect(server.received).toHaveLength(1);
    const [request] = server.received;
    expect(request?.body).toBe('{"big":12345678901234567890,"d":10.0}');
    expect(decodeURIComponent(request?.path ?? '')).toBe(`/2015-03-31/functions/${arn}/invocations`);
    expect(request?.headers['x-amz-invocation-type']).toBe('RequestResponse');
    expect(request?.headers.authorization).toContain('/eu-west-1/lambda/');
  });

  it('takes any JSON, also what is no object', async () => {
    const { call } = await lambda({}, json('null'), json('42'), json('"text"'));
    expect(await call()).toEqual(ok('null'));
    expect(await call()).toEqual(ok('42'));
    expect(await call()).toEqual(ok('"text"'));
  });

  it('fails with what the function said when it threw, and does not call it again', async () => {
    const thrown = json('{"errorMessage":"no such device","errorType":"KeyError","stackTrace":["…"]}', {
      'x-amz-function-error': 'Unhandled',
    });
    const { call, server, events } = await lambda({}, thrown);
    expect(reasonOf(await call())).toBe(
      `aws_lambda: The Lambda function "${arn}" failed: KeyError: no such device. Look at its log.`,
    );
    expect(server.received).toHaveLength(1);
    expect(events).toEqual([]);
    const mute = await lambda({}, json('oops', { 'x-amz-function-error': 'Unhandled' }));
    expect(reasonOf(await mute.call())).toContain('failed: Unhandled.');
  });

  it('repeats once after a throttle, a fault, a reset, an answer that broke off and a page of a proxy', async () => {
    const cases = [
      awsError(429, 'TooManyRequestsException'),
      awsError(500, 'ServiceException'),
      reset,
      (response: Parameters<typeof reset>[0]) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 500 });
        response.write('{"a');
        response.socket?.end();
      },
      (response: Parameters<typeof reset>[0]) => {
        response.writeHead(502, { 'content-type': 'text/html' });
        response.end('<html><h1>Bad Gateway</h1></html>');
      },
    ];
    for (const fault of cases) {
      const { call, server } = await lambda({}, fault, json('1'));
      expect(await call()).toEqual(ok('1'));
      expect(server.received).toHaveLength(2);
    }
  });

  it('does not repeat what will not pass, and says what to do', async () => {
    const denied = await lambda({}, awsError(403, 'AccessDeniedException', 'User is not authorized.'));
    expect(reasonOf(await denied.call())).toContain(
      'AccessDeniedException: User is not authorized. Allow lambda:InvokeFunction to the credentials under `aws:`.',
    );
    expect(denied.server.received).toHaveLength(1);
    expect(denied.events).toHaveLength(1);
    const proxied = await lambda({}, (response) => {
      response.writeHead(403, { 'content-type': 'text/html' });
      response.end('<html><h1>Blocked</h1></html>');
    });
    expect(reasonOf(await proxied.call())).toContain(
      'something that is not the service answered with status 403. Check the network and `connectors.lambda.aws.endpoint`.',
    );
    const missing = await lambda({}, awsError(404, 'ResourceNotFoundException', 'Function not found'));
    expect(reasonOf(await missing.call())).toContain('Check its name, and the region');
    expect(missing.server.received).toHaveLength(1);
  });

  it('fails in time when the service is silent', async () => {
    const { call, counted, timed } = await lambda({ timeoutMs: 150 }, silence);
    const startedAt = Date.now();
    expect(reasonOf(await call())).toContain('did not answer within 150 ms');
    expect(Date.now() - startedAt).toBeLessThan(1_500);
    expect(await counted('failed')).toBe(1);
    expect(await timed()).toBe(1);
  });

  it.each(['', 'not JSON', '{"a":', `${'['.repeat(65)}${']'.repeat(65)}`])('fails for the answer %j', async (body) => {
    const { call } = await lambda({}, json(body));
    expect(reasonOf(await call())).toContain('something that is not JSON');
  });

  it('takes an answer of 1 MiB and no more', async () => {
    const sized = (bytes: number) => JSON.stringify('x'.repeat(bytes - 2));
    const { call } = await lambda({}, json(sized(1_048_576)), json(sized(1_048_577)));
    expect((await call()).isOk).toBe(true);
    expect(reasonOf(await call())).toContain('1048577 bytes; at most 1048576');
  });

  it('calls only what is declared', async () => {
    const declared = { functions: ['enrich', 'arn:aws:lambda:eu-west-1:123456789012:function:one:live'] };
    const { ask, server } = await lambda(declared, json('1'));
    const fn = (rest: string) => `arn:aws:lambda:eu-west-1:123456789012:function:${rest}`;
    for (const name of ['enrich', fn('enrich'), fn('enrich:live'), fn('enrich:$LATEST'), fn('one:live')]) {
      expect(await ask('aws_lambda', name, {})).toEqual(ok('1'));
    }
    const sent = server.received.length;
    for (const name of ['other', fn('one'), fn('one:test'), 'one', fn('enrich/x'), `x${fn('enrich')}`, '', 'Enrich']) {
      expect(reasonOf(await ask('aws_lambda', name, {}))).toContain('is not declared');
    }
    for (const parameters of [[], ['enrich'], [null, {}], [7, {}]]) {
      expect(reasonOf(await ask('aws_lambda', ...parameters))).toContain('the ARN of a function, and its input');
    }
    expect(server.received).toHaveLength(sent);
  });

  it('serves equal calls from the cache only where that is configured, and counts it', async () => {
    const cached = await lambda({ cacheSeconds: 60 }, json('1'), json('2'), json('3'));
    expect(await Promise.all([cached.call(), cached.call(), cached.call('{"a":2}')])).toHaveLength(3);
    await cached.call();
    expect(cached.server.received).toHaveLength(2);
    expect(await cached.cacheHits()).toBe(1);
    expect(await cached.counted('answered')).toBe(4);
    const uncached = await lambda({}, json('1'));
    await Promise.all([uncached.call(), uncached.call()]);
    expect(uncached.server.received).toHaveLength(2);
    expect(await uncached.cacheHits()).toBe(0);
  });
});
