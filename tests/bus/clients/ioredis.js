// ioredis.js SUBSCRIBE_PORT PUBLISH_PORT: ioredis hears on one node what it publishes on another; the
// scenario is that of redis_py.py.
"use strict";
const assert = require("node:assert");
const library = require("ioredis");

const Redis = library.Redis || library;
const count = 100;
const channel = Buffer.from("client:ioredis/\u00ff \0.*>", "latin1");
const [subscribePort, publishPort] = process.argv.slice(2).map(Number);

async function main() {
  const subscriber = new Redis(subscribePort, "127.0.0.1");
  const publisher = new Redis(publishPort, "127.0.0.1");
  const exact = [];
  const pattern = [];
  subscriber.on("messageBuffer", (name, payload) => exact.push([name, payload]));
  subscriber.on("pmessageBuffer", (_, name, payload) => pattern.push([name, payload]));
  await subscriber.subscribe(channel);
  await subscriber.psubscribe("client:ioredis*");
  const payloads = [];
  for (let number = 0; number < count; ++number) {
    payloads.push(Buffer.from(`\u00fe${number}\r\n`, "latin1"));
    await publisher.publish(channel, payloads[number]);
  }
  const deadline = Date.now() + 10000;
  while ((exact.length < count || pattern.length < count) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (const heard of [exact, pattern]) {
    assert.deepStrictEqual(heard.map(([, payload]) => payload), payloads);
    assert(heard.every(([name]) => Buffer.from(name).equals(channel)));
  }
  subscriber.disconnect();
  publisher.disconnect();
  console.log("ioredis heard all");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
