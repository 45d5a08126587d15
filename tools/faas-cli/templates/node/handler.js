// The function: an event in, an answer out. Throw, and it is answered 500.
'use strict';

module.exports = async function handle(event) {
  const name = event.body.toString() || 'world';
  console.log(`greeting ${name}`); // in faas-cli logs
  return {body: `Hello, ${name}!\n`};
};
