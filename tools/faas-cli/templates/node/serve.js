// Serves handler.js over HTTP on the socket that the node gives.
'use strict';

const http = require('node:http');
const handle = require('./handler.js');

async function answer(request, response) {
  const parts = [];
  for await (const part of request)
    parts.push(part);
  const event = {
    method: request.method,
    path: request.url,
    headers: request.headers,
    callId: request.headers['x-call-id'],
    body: Buffer.concat(parts),
  };
  try {
    const {status = 200, headers = {}, body = ''} = await handle(event);
    response.writeHead(status, {'content-type': 'text/plain', ...headers});
    response.end(body);
  } catch (failure) {
    console.error(failure.stack || failure);
    response.writeHead(500, {'content-type': 'text/plain'});
    response.end(`${failure.message || failure}\n`);
  }
}

http.createServer(answer).listen(process.env.PETREL_SOCKET);
