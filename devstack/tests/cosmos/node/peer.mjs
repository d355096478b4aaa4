// The JavaScript SDK against the server: node peer.mjs ENDPOINT KEY. Prints "ok" or fails with the difference.
import assert from "node:assert/strict";
import { CosmosClient, ChangeFeedStartFrom } from "@azure/cosmos";

const [endpoint, key] = process.argv.slice(2);
const client = new CosmosClient({ endpoint, key, connectionPolicy: { enableEndpointDiscovery: true } });

async function code(promise) {
  try {
    await promise;
  } catch (error) {
    return error.code;
  }
  return "done";
}

async function all(container, query, options = {}) {
  return (await container.items.query(query, options).fetchAll()).resources;
}

async function items(container) {
  const made = await container.items.create({ id: "a", pk: "x", n: 1 });
  assert.equal(made.statusCode, 201);
  assert.equal(await code(container.items.create({ id: "a", pk: "x" })), 409);
  const item = container.item("a", "x");
  const first = (await item.read()).resource;
  assert.equal(first.n, 1);
  const access = (etag) => ({ accessCondition: { type: "IfMatch", condition: etag } });
  const second = (await item.replace({ id: "a", pk: "x", n: 2 }, access(first._etag))).resource;
  assert.equal(await code(item.replace({ id: "a", pk: "x", n: 3 }, access(first._etag))), 412);
  assert.notEqual(second._etag, first._etag);
  const patched = (await item.patch([{ op: "incr", path: "/n", value: 5 }])).resource;
  assert.equal(patched.n, 7);
  assert.equal((await container.items.upsert({ id: "b", pk: "x" })).statusCode, 201);
  await item.delete();
  assert.equal((await item.read()).statusCode, 404);
}

async function batches(container) {
  const create = (id) => ({ operationType: "Create", resourceBody: { id, pk: "batch" } });
  const done = await container.items.batch([create("one"), create("two")], "batch");
  assert.deepEqual(done.result.map((row) => row.statusCode), [201, 201]);
  const undone = await container.items.batch([create("three"), create("one"), create("four")], "batch");
  assert.deepEqual(undone.result.map((row) => row.statusCode), [424, 409, 424]);
  const found = await all(container, "SELECT VALUE c.id FROM c", { partitionKey: "batch" });
  assert.deepEqual(found, ["one", "two"]);
}

async function bulk(container) {
  const create = (n) => ({ operationType: "Create", partitionKey: `bulk${n}`, resourceBody: { id: "a", pk: `bulk${n}` } });
  const operations = [...Array(12).keys()].map(create);
  const first = await container.items.executeBulkOperations(operations);
  assert.deepEqual(first.map((row) => row.response?.statusCode), Array(12).fill(201));
  const again = await container.items.executeBulkOperations([create(0), create(99)]);
  assert.deepEqual(again.map((row) => row.response?.statusCode ?? row.error?.code), [409, 201]);
  for (const n of [...Array(12).keys(), 99]) await container.item("a", `bulk${n}`).delete();
}

async function queries(container) {
  for (let n = 0; n < 60; n++) {
    await container.items.create({ id: `i${n}`, pk: `p${n % 9}`, n, s: `s${n % 5}` });
  }
  const across = [...Array(60).keys()];
  assert.equal((await all(container, "SELECT * FROM c WHERE IS_DEFINED(c.n)")).length, 60);
  assert.deepEqual(await all(container, "SELECT VALUE c.n FROM c WHERE IS_NUMBER(c.n) ORDER BY c.n"), across);
  const down = "SELECT VALUE c.n FROM c WHERE IS_NUMBER(c.n) ORDER BY c.n DESC OFFSET 5 LIMIT 7";
  assert.deepEqual(await all(container, down), across.reverse().slice(5, 12));
  assert.deepEqual(await all(container, "SELECT VALUE COUNT(1) FROM c WHERE c.n < 10"), [10]);
  assert.deepEqual(await all(container, "SELECT VALUE AVG(c.n) FROM c"), [29.5]);
  assert.deepEqual(await all(container, "SELECT VALUE MAX(c.s) FROM c"), ["s4"]);
  assert.equal((await all(container, "SELECT TOP 4 * FROM c")).length, 4);
  const distinct = await all(container, "SELECT DISTINCT VALUE c.s FROM c WHERE IS_DEFINED(c.s)");
  assert.deepEqual(distinct.sort(), ["s0", "s1", "s2", "s3", "s4"]);
  const query = { query: "SELECT c.id FROM c WHERE c.n >= @n", parameters: [{ name: "@n", value: 50 }] };
  assert.equal((await all(container, query)).length, 10);
  const groups = await all(container, "SELECT c.s, COUNT(1) AS k, MAX(c.n) AS most FROM c WHERE IS_NUMBER(c.n) GROUP BY c.s");
  const wanted = [...Array(5).keys()].map((n) => ({ s: `s${n}`, k: 12, most: 55 + n }));
  assert.deepEqual(groups.sort((a, b) => a.most - b.most), wanted);
  const several = "SELECT COUNT(1) AS k, MIN(c.n) AS least, AVG(c.n) AS mean, SUM(c.n) AS total FROM c WHERE IS_NUMBER(c.n)";
  assert.deepEqual(await all(container, several), [{ k: 60, least: 0, mean: 29.5, total: 1770 }]);
  const values = await all(container, "SELECT VALUE COUNT(1) FROM c WHERE c.n < 10 GROUP BY c.s");
  assert.deepEqual(values, [2, 2, 2, 2, 2]);
  assert.equal(await code(all(container, "SELEC * FROM c")), 400);
  const pages = container.items.query("SELECT c.id FROM c WHERE IS_NUMBER(c.n)", { maxItemCount: 7 });
  let seen = 0;
  while (pages.hasMoreResults()) seen += (await pages.fetchNext()).resources?.length ?? 0;
  assert.equal(seen, 60);
}

// A new iterator for each page: the SDK writes a filter into the planned query to go on.
async function resumed(container) {
  for (const order of ["ASC", "DESC"]) {
    const query = `SELECT VALUE c.n FROM c WHERE IS_NUMBER(c.n) ORDER BY c.n ${order}`;
    const seen = [];
    let continuationToken;
    do {
      const options = { maxItemCount: 7, enableQueryControl: true, continuationToken };
      const page = await container.items.query(query, options).fetchNext();
      seen.push(...(page.resources ?? []));
      continuationToken = page.continuationToken;
    } while (continuationToken);
    const wanted = [...Array(60).keys()];
    assert.deepEqual(seen, order === "ASC" ? wanted : wanted.reverse());
  }
}

async function throughput(database) {
  const asked = { id: "fast", partitionKey: { paths: ["/pk"], version: 2 }, throughput: 700 };
  const { container } = await database.containers.create(asked);
  assert.equal((await container.readOffer()).resource.content.offerThroughput, 700);
}

async function feed(container) {
  const seen = [];
  const start = ChangeFeedStartFrom.Beginning();
  const iterator = container.items.getChangeFeedIterator({ changeFeedStartFrom: start, maxItemCount: 10 });
  let idle = 0;
  while (idle < 3) {
    const page = await iterator.readNext();
    idle = page.statusCode === 304 ? idle + 1 : 0;
    if (page.statusCode !== 304) seen.push(...page.result.map((item) => `${item.pk}/${item.id}`));
  }
  const stored = (await container.items.readAll().fetchAll()).resources.map((item) => `${item.pk}/${item.id}`);
  assert.deepEqual(seen.sort(), stored.sort());
}

const { database } = await client.databases.createIfNotExists({ id: "peer" });
const { container } = await database.containers.createIfNotExists({ id: "c", partitionKey: { paths: ["/pk"], version: 2 } });
await items(container);
await batches(container);
await bulk(container);
await queries(container);
await resumed(container);
await feed(container);
await throughput(database);
await database.delete();
client.dispose();
console.log("ok");
