// Serves a handler written for OpenFaaS's node templates as it is:
//
//   module.exports = async (event, context) =>
//     context.status(200).succeed({hello: event.body})
//
// Copy this file into the function's folder; command: [node, openfaas.js].
// The handler is ./function/handler.js or ./handler.js; its default is `listen:
// port` (PORT), `listen: unix` (PETREL_SOCKET) is faster. No dependency.
'use strict';

const fs = require('fs');
const http = require('http');
const path = require('path');

const folder = process.cwd();
const place = ['function/handler.js', 'handler.js']
  .map(name => path.join(folder, name)).find(name => fs.existsSync(name));
if (!place) {
  console.error(`openfaas.js: no function/handler.js or handler.js in ${folder}`);
  process.exit(1);
}
const handler = require(place);

class Event {
  constructor(request, body) {
    const url = new URL(request.url, 'http://localhost');
    this.method = request.method;
    this.path = decodeURI(url.pathname);
    this.query = Object.fromEntries(url.searchParams);
    this.headers = request.headers;
    this.body = body;
  }
}

class Context {
  constructor() {
    this.statusCode = 200;
    this.headerValues = {};
    this.settled = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
  status(code) {
    if (code === undefined) return this.statusCode;
    this.statusCode = code;
    return this;
  }
  headers(values) {
    if (values === undefined) return this.headerValues;
    this.headerValues = values;
    return this;
  }
  succeed(value) {
    this.resolve(value);
    return value;
  }
  fail(error) {
    this.reject(error);
  }
}

// As the template's body parsers do: JSON for JSON, text for text.
function parse(type, bytes) {
  if (process.env.RAW_BODY === 'true') return bytes;
  if (/^application\/json\b/.test(type)) return JSON.parse(bytes.toString() || '{}');
  if (/^text\//.test(type)) return bytes.toString();
  if (/^application\/x-www-form-urlencoded\b/.test(type)) {
    return Object.fromEntries(new URLSearchParams(bytes.toString()));
  }
  return bytes;
}

function send(response, status, headers, value) {
  let body = value === undefined || value === null ? '' : value;
  if (!Buffer.isBuffer(body) && typeof body === 'object') {
    body = JSON.stringify(body);
    headers = {'Content-Type': 'application/json', ...headers};
  }
  body = Buffer.isBuffer(body) ? body : Buffer.from(String(body));
  response.writeHead(status, {...headers, 'Content-Length': body.length});
  response.end(body);
}

async function answer(request, response, bytes) {
  const context = new Context();
  context.settled.catch(() => {}); // told below
  try {
    let body;
    try {
      body = parse(request.headers['content-type'] || '', bytes);
    } catch (error) {
      return send(response, 400, {}, `the body is no JSON: ${error.message}`);
    }
    const event = new Event(request, body);
    let value;
    if (handler.length >= 3) { // (event, context, callback)
      value = await new Promise((resolve, reject) => {
        context.settled.then(resolve, reject);
        handler(event, context,
                (error, result) => error ? reject(error) : resolve(result));
      });
    } else {
      value = await handler(event, context);
      // A handler may have called fail() and returned.
      value = await Promise.race([context.settled, Promise.resolve(value)]);
    }
    send(response, context.status(), context.headers(), value);
  } catch (error) {
    console.error(error && error.stack || String(error));
    send(response, 500, {}, error && error.toString ? error.toString() : 'failed');
  }
}

http.createServer((request, response) => {
  const parts = [];
  request.on('data', part => parts.push(part));
  request.on('end', () => answer(request, response, Buffer.concat(parts)));
}).listen(process.env.PETREL_SOCKET
          || {port: Number(process.env.PORT), host: '127.0.0.1'});
