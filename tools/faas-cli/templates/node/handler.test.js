// node --test
'use strict';

const assert = require('node:assert');
const test = require('node:test');
const handle = require('./handler.js');

test('greets by name', async () => {
  const {body} = await handle({body: Buffer.from('Ada')});
  assert.strictEqual(body, 'Hello, Ada!\n');
});

test('greets the world without a name', async () => {
  const {body} = await handle({body: Buffer.alloc(0)});
  assert.strictEqual(body, 'Hello, world!\n');
});
