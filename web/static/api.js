// The API. The browser keeps each answer with its ETag and revalidates it by itself.

const KEY = "vendstream.key";
const PATIENCE = 15_000;

/** 401. The host's own answer has no body: it asks for a key. The app's says that people sign in. */
export class Refused extends Error {
  constructor(response) {
    super("nobody is signed in, or the key is wrong");
    this.signIn = (response.headers.get("content-type") ?? "").startsWith("application/problem+json");
  }
}
export class Missing extends Error {} // 404
export class Wrong extends Error {} // 400: asking again changes nothing
/** Anything else, the network included; `wait`: milliseconds that the API asked for, 0 where it did not. */
export class Unanswered extends Error {
  constructor(text, wait = 0) {
    super(text);
    this.wait = wait;
  }
}

// A key that came in the address is kept for this tab and taken out of the address, before anything is asked, so that
// nobody copies it along. The host takes its name in any letter case, and so does this.
export function adoptKey() {
  const address = new URL(location.href);
  const names = [...address.searchParams.keys()].filter((name) => name.toLowerCase() === "code");
  if (!names.length) return;
  const key = names.map((name) => address.searchParams.get(name)).find(Boolean);
  if (key) useKey(key);
  for (const name of names) address.searchParams.delete(name);
  history.replaceState(null, "", address);
}

export function useKey(key) {
  sessionStorage.setItem(KEY, key);
}

// How far the server's clock is ahead of this one, in milliseconds, from the last answer.
let ahead = 0;
export const serverNow = () => Date.now() + ahead;

export const read = async (path) => (await ask(path, "no-cache")).json();

/** A picture never changes: what the browser has of it is good. */
export const readPicture = async (path) => (await ask(path, "default")).blob();

/** Changes something, whatever version it is at; who sends the same again because no answer came, says the same `id`. */
export async function send(path, body, id) {
  const headers = { "if-match": "*", "idempotency-key": id, "content-type": "application/json" };
  return (await ask(path, "no-store", { method: "POST", headers, body: body && JSON.stringify(body) })).json();
}

async function ask(path, cache, { headers, ...more } = {}) {
  const key = sessionStorage.getItem(KEY);
  let response;
  try {
    response = await fetch(path, {
      ...more,
      headers: { ...headers, ...(key ? { "x-functions-key": key } : {}) },
      signal: AbortSignal.timeout(PATIENCE),
      cache,
    });
  } catch (fault) {
    throw new Unanswered(fault.name === "TimeoutError" ? "it takes longer than 15 seconds" : "the connection failed");
  }
  const date = Date.parse(response.headers.get("date") ?? "");
  // The header has whole seconds: believe it only where the clocks clearly differ.
  if (date && Math.abs(date - Date.now()) > 5_000) ahead = date - Date.now();
  if (response.ok) return response;
  if (response.status === 401) throw new Refused(response);
  const said = await response.json().catch(() => ({}));
  const text = (said.detail ?? `status ${response.status}`).replace(/\.+$/, "");
  if (response.status === 404) throw new Missing(text);
  if (response.status === 400) throw new Wrong(text);
  throw new Unanswered(text, 1000 * (Number(response.headers.get("retry-after")) || 0));
}
