import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the next call of a service meets, before or instead of its normal answer. */
export type StubFault =
  | { readonly kind: 'error'; readonly status: number; readonly code: string }
  /** The work is done, then the connection breaks before any answer. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'html'; readonly status: number }
  /** Firehose, SNS: these entries fail inside a call that succeeds. */
  | {
      readonly kind: 'partial';
      readonly indexes: readonly number[];
      readonly code: string;
      readonly isSenderFault?: boolean;
    };

interface StubCall {
  readonly action: string;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: number;
}

/** Speaks enough of the AWS protocols for the sinks: what was accepted, in order, and scripted faults. */
export interface AwsStub {
  readonly endpoint: string;
  readonly calls: StubCall[];
  /** `<stream, topic or bucket/key> <body>` of everything accepted. */
  readonly accepted: { readonly place: string; readonly body: Buffer }[];
  readonly faults: StubFault[];
  readonly faultsFired: StubFault[];
  close(): Promise<void>;
}

export async function startAwsStub(): Promise<AwsStub> {
  const calls: StubCall[] = [];
  const accepted: { place: string; body: Buffer }[] = [];
  const faults: StubFault[] = [];
  const faultsFired: StubFault[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => {});
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, response, Buffer.concat(chunks)));
  });
  function answer(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const call = parse(request, body);
    calls.push({ action: call.action, headers: request.headers, bytes: body.length });
    const fault = faults.shift();
    if (fault !== undefined) faultsFired.push(fault);
    switch (fault?.kind) {
      case 'reset':
        request.socket.resetAndDestroy();
        return;
      case 'silent':
        return;
      case 'truncated':
        response.writeHead(200, { 'content-length': 5000, 'content-type': 'application/json' });
        response.write('{"Fail');
        response.socket?.end();
        return;
      case 'html':
        response.writeHead(fault.status, { 'content-type': 'text/html' });
        response.end('<html><body><h1>Service Temporarily Unavailable</h1></body></html>');
        return;
      case 'error':
        sendError(call.service, response, fault.status, fault.code);
        return;
      case 'lost':
        call.perform(accepted, []);
        request.socket.resetAndDestroy();
        return;
      default:
        send(response, call.perform(accepted, fault === undefined ? [] : [fault]));
    }
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    calls,
    accepted,
    faults,
    faultsFired,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

type Partial = Extract<StubFault, { readonly kind: 'partial' }>;
type Answer = { readonly status: number; readonly type: string; readonly body: string };

interface ParsedCall {
  readonly service: 'firehose' | 'sns' | 's3' | 'iot';
  readonly action: string;
  perform(accepted: { place: string; body: Buffer }[], partial: readonly Partial[]): Answer;
}

function parse(request: IncomingMessage, body: Buffer): ParsedCall {
  const url = new URL(request.url ?? '/', 'http://stub');
  const target = String(request.headers['x-amz-target'] ?? '');
  if (target.startsWith('Firehose')) return firehose(target.split('.')[1] ?? '', body);
  if (url.pathname.startsWith('/topics/')) return iot(url, body);
  if (String(request.headers['content-type']).startsWith('application/x-www-form-urlencoded')) return sns(body);
  return s3(request, url, body);
}

function firehose(action: string, body: Buffer): ParsedCall {
  return {
    service: 'firehose',
    action,
    perform(accepted, [partial]) {
      const input = JSON.parse(body.toString()) as { DeliveryStreamName: string; Records?: { Data: string }[] };
      const responses = (input.Records ?? []).map(({ Data }, index) => {
        if (partial?.indexes.includes(index)) return { ErrorCode: partial.code, ErrorMessage: 'Slow down.' };
        accepted.push({ place: input.DeliveryStreamName, body: Buffer.from(Data, 'base64') });
        return { RecordId: String(accepted.length) };
      });
      const FailedPutCount = responses.filter((response) => 'ErrorCode' in response).length;
      return json({ FailedPutCount, RequestResponses: responses, DeliveryStreamDescription: {} });
    },
  };
}

function iot(url: URL, body: Buffer): ParsedCall {
  return {
    service: 'iot',
    action: 'Publish',
    perform(accepted) {
      accepted.push({ place: decodeURIComponent(url.pathname.slice('/topics/'.length)), body });
      return json({});
    },
  };
}

function sns(body: Buffer): ParsedCall {
  const form = new URLSearchParams(body.toString());
  const action = form.get('Action') ?? '';
  return {
    service: 'sns',
    action,
    perform(accepted, [partial]) {
      const done: string[] = [];
      const failed: string[] = [];
      for (let n = 1; ; n++) {
        const entry = `PublishBatchRequestEntries.member.${n}`;
        const id = form.get(`${entry}.Id`);
        if (id === null) break;
        if (partial?.indexes.includes(n - 1)) {
          const fault = partial.isSenderFault === true;
          failed.push(
            `<member><Id>${id}</Id><Code>${partial.code}</Code><Message>no</Message><SenderFault>${fault}</SenderFault></member>`,
          );
          continue;
        }
        accepted.push({ place: form.get('TopicArn') ?? '', body: Buffer.from(form.get(`${entry}.Message`) ?? '') });
        done.push(`<member><Id>${id}</Id><MessageId>m${n}</MessageId></member>`);
      }
      const result = `<Successful>${done.join('')}</Successful><Failed>${failed.join('')}</Failed>`;
      return xml(
        `<${action}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><${action}Result>${result}</${action}Result></${action}Response>`,
      );
    },
  };
}

function s3(request: IncomingMessage, url: URL, body: Buffer): ParsedCall {
  const action = request.method === 'PUT' ? 'PutObject' : 'HeadBucket';
  return {
    service: 's3',
    action,
    perform(accepted) {
      const place = decodeURIComponent(url.pathname.slice(1));
      if (action !== 'PutObject') return { status: 200, type: 'application/xml', body: '' };
      const isThere = accepted.some((object) => object.place === place);
      if (isThere && request.headers['if-none-match'] === '*') return { ...s3Error('PreconditionFailed'), status: 412 };
      accepted.push({ place, body });
      return { status: 200, type: 'application/xml', body: '' };
    },
  };
}

function s3Error(code: string): Answer {
  return {
    status: 400,
    type: 'application/xml',
    body: `<Error><Code>${code}</Code><Message>injected</Message></Error>`,
  };
}

function json(value: unknown): Answer {
  return { status: 200, type: 'application/x-amz-json-1.1', body: JSON.stringify(value) };
}

function xml(body: string): Answer {
  return { status: 200, type: 'text/xml', body };
}

function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, { 'content-type': answer.type, 'content-length': Buffer.byteLength(answer.body) });
  response.end(answer.body);
}

function sendError(service: ParsedCall['service'], response: ServerResponse, status: number, code: string): void {
  if (service === 's3') send(response, { ...s3Error(code), status });
  else if (service === 'sns') {
    const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>injected</Message></Error>`;
    send(response, {
      ...xml(`<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">${error}</ErrorResponse>`),
      status,
    });
  } else {
    response.setHeader('x-amzn-errortype', code);
    send(response, { ...json({ __type: code, message: 'injected' }), status });
  }
}
