import { describe, expect, it } from 'vitest';
import { json, ok, reasonOf, reset, scene, serve, silence } from './scene.ts';

const prediction = '{"predictedValue": 1.10, "predictedScores": {}, "details": {"Algorithm": "SGD"}}';

async function model(settings: object, ...scripts: Parameters<typeof serve>) {
  const server = await serve(...scripts);
  const models = [{ id: 'ml-1', url: `${server.url}/predict` }];
  const made = scene({ machineLearning: { models, ...settings } });
  return {
    ...made,
    server,
    predict: (record = '{"a":1}') => made.askText('machinelearning_predict', `["ml-1",${record}]`),
  };
}

describe('machinelearning_predict', () => {
  it('sends the model id and a flat record, and gives the prediction as it came', async () => {
    const { predict, server } = await model({}, json(prediction));
    const record = '{"t":20.50,"n":9007199254740993,"s":"x","nested":{"k":[1, 2]},"list":["a"],"none":null}';
    expect(await predict(record)).toEqual(ok(prediction));
    expect(server.received).toHaveLength(1);
    expect(server.received[0]).toMatchObject({ path: '/predict', headers: { 'content-type': 'application/json' } });
    expect(server.received[0]?.body).toBe(
      '{"modelId":"ml-1","record":{"t":20.50,"n":9007199254740993,"s":"x","nested":"{\\"k\\":[1, 2]}","list":"[\\"a\\"]","none":null}}',
    );
  });

  it('tries again after a fault of the service or the socket, once', async () => {
    const busy = await model({}, json('', {}, 503), json(prediction));
    expect(await busy.predict()).toEqual(ok(prediction));
    const cut = await model({}, reset, json(prediction));
    expect(await cut.predict()).toEqual(ok(prediction));
    const dead = await model({}, json('', {}, 500));
    expect(reasonOf(await dead.predict())).toMatch(
      /The model "ml-1" at http:\/\/127.*\/predict answered with status 500/,
    );
    expect(dead.server.received).toHaveLength(2);
  });

  it('fails in time when the service is silent, or never ends', async () => {
    const silent = await model({ timeoutMs: 80 }, silence);
    expect(reasonOf(await silent.predict())).toContain('did not answer within 80 ms');
    const endless = await model({ timeoutMs: 80 }, (response) => {
      response.writeHead(200);
      response.write('{"predictedValue"');
    });
    expect(reasonOf(await endless.predict())).toContain('did not answer within 80 ms');
  });

  it('fails when nothing listens there', async () => {
    const { predict, server, events } = await model({}, silence);
    await server.stop();
    expect(reasonOf(await predict())).toMatch(/cannot be reached: .*ECONNREFUSED/);
    expect(events).toHaveLength(1);
  });

  it('does not show the query of a URL, which may hold a key', async () => {
    const models = [{ id: 'ml-1', url: 'http://127.0.0.1:1/predict?key=hunter2' }];
    const { ask } = scene({ machineLearning: { models } });
    const reason = reasonOf(await ask('machinelearning_predict', 'ml-1', {}));
    expect(reason).toContain('The model "ml-1" at http://127.0.0.1:1/predict cannot be reached');
    expect(reason).not.toContain('hunter2');
  });

  it('does not blame the service for a record that it does not take', async () => {
    const { predict, server, events } = await model({}, json('{"error":"no such variable"}', {}, 422));
    expect(reasonOf(await predict())).toContain('did not take the record: status 422');
    expect(server.received).toHaveLength(1);
    expect(events).toEqual([]);
  });

  it('does not follow redirects', async () => {
    const { predict, server } = await model({}, json('', { location: '/elsewhere' }, 307));
    expect(reasonOf(await predict())).toContain('status 307 instead of 200');
    expect(server.received).toHaveLength(1);
  });

  it.each(['<html>', '', '12', '[1]', '{"a":'])('fails for the answer %j', async (body) => {
    const { predict } = await model({}, json(body));
    expect(reasonOf(await predict())).toContain('not a JSON object');
  });

  it('takes an answer of 64 KiB and no more', async () => {
    const sized = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`;
    const last = await model({}, json(sized(65_536)));
    expect((await last.predict()).isOk).toBe(true);
    const first = await model({}, json(sized(65_537)));
    expect(reasonOf(await first.predict())).toContain('answered more than 65536 bytes');
  });

  it('refuses what it cannot ask, and sends nothing', async () => {
    const { ask, server } = await model({}, json(prediction));
    expect(reasonOf(await ask('machinelearning_predict', 'ml-2', {}))).toContain('No model "ml-2" is declared');
    expect(reasonOf(await ask('machinelearning_predict', 7, {}))).toContain('is not the id of a model');
    expect(reasonOf(await ask('machinelearning_predict', 'ml-1', [1]))).toContain('The record is not an object');
    expect(reasonOf(await ask('machinelearning_predict', 'ml-1'))).toContain('The record is not an object');
    expect(server.received).toEqual([]);
  });
});
