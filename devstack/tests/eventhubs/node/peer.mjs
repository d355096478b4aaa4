// The JavaScript SDK told what to do by a JSON object on stdin; answers with one JSON line.
import { text } from "node:stream/consumers";

import { createRequire } from "node:module";

import { EventHubConsumerClient, EventHubProducerClient } from "@azure/event-hubs";

const order = JSON.parse(await text(process.stdin));
const PATIENCE = 20000;
const OPTIONS = { retryOptions: { maxRetries: order.retries ?? 3, retryDelayInMs: 200 } };

async function withProducer(work) {
  const client = new EventHubProducerClient(order.connectionString, order.hub, OPTIONS);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

async function properties() {
  return withProducer(async (client) => {
    const hub = await client.getEventHubProperties();
    return { name: hub.name, partitionIds: hub.partitionIds, created: hub.createdOn.toISOString() };
  });
}

async function produce() {
  return withProducer(async (client) => {
    for (const { events, options } of order.sends) {
      const batch = await client.createBatch(options);
      for (const event of events) {
        if (!batch.tryAdd(event)) throw new Error("the batch is full");
      }
      await client.sendBatch(batch);
    }
    return { sent: order.sends.length };
  });
}

async function ends() {
  return withProducer(async (client) => {
    const found = {};
    for (const id of await client.getPartitionIds()) {
      found[id] = (await client.getPartitionProperties(id)).lastEnqueuedSequenceNumber;
    }
    return found;
  });
}

function collect(client, count, options) {
  const got = [];
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${got.length} of ${count} events came`)), PATIENCE);
    const handlers = {
      processEvents: async (events) => {
        for (const event of events) {
          got.push({
            body: Buffer.isBuffer(event.body) ? event.body.toString() : event.body,
            properties: event.properties,
            sequenceNumber: event.sequenceNumber,
            partitionKey: event.partitionKey,
          });
        }
        if (got.length >= count) {
          clearTimeout(timer);
          resolve(got);
        }
      },
      processError: async (error) => {
        clearTimeout(timer);
        reject(error);
      },
    };
    client.subscribe(order.partition, handlers, options);
  });
}

async function consume() {
  const client = new EventHubConsumerClient(order.group ?? "$Default", order.connectionString, order.hub, OPTIONS);
  try {
    return await collect(client, order.count, { startPosition: { offset: "-1" }, maxWaitTimeInSeconds: 1 });
  } finally {
    await client.close();
  }
}

async function refused() {
  try {
    await (order.attempt === "consume" ? consume() : properties());
  } catch (error) {
    return { code: error.code ?? error.name, message: error.message };
  }
  return { code: null };
}

// What its buffered producer uses; it is not among the package's exports.
async function hashes() {
  const main = createRequire(import.meta.url).resolve("@azure/event-hubs");
  const { mapPartitionKeyToId } = createRequire(main)("./impl/partitionKeyToIdMapper.js");
  return order.keys.map((key) => mapPartitionKeyToId(key, order.partitions));
}

const steps = { hashes, properties, produce, ends, consume, refused };
console.log(JSON.stringify(await steps[order.step]()));
