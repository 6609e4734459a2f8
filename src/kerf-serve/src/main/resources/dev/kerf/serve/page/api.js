// What the page asks the service: openapi.json describes it. Addresses are relative, so that the token stays in them.

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** This tab, for the service: its newest hover ends its older ones. */
export const CLIENT = Array.from(crypto.getRandomValues(new Uint8Array(8)), b => b.toString(16).padStart(2, "0")).join("");

const RETRIES = 5;

/** Sends a request; waits and repeats where the service says that it has no room now. */
export async function send(method, path, body, options = {}) {
  const json = body !== undefined && !(body instanceof Blob);
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(path, {
      method,
      signal: options.signal,
      headers: { ...(json ? { "Content-Type": "application/json" } : {}), ...options.headers },
      body: json ? JSON.stringify(body) : body,
    });
    if (response.ok) {
      return response;
    }
    const wait = Number(response.headers.get("Retry-After"));
    if (wait > 0 && attempt < RETRIES && !options.once) {
      await new Promise(done => setTimeout(done, 1000 * wait));
      continue;
    }
    let message = response.statusText;
    try {
      message = (await response.json()).error;
    } catch {
      // The server is gone, or something stands between.
    }
    throw new ApiError(response.status, message);
  }
}

export const info = async () => (await send("GET", "api/info")).json();
export const files = async () => (await send("GET", "api/files")).json();
export const openNamed = async which => (await send("POST", "api/images", which)).json();
export const upload = async file => (await send("POST", "api/images?name=" + encodeURIComponent(file.name), file)).json();
export const state = async id => (await send("GET", `api/images/${id}`)).json();
export const look = async id => (await send("POST", `api/images/${id}/look`)).json();
export const prompt = async (id, body, options) => (await send("POST", `api/images/${id}/prompt`, body, options)).json();
export const task = async (id, kind) => (await send("POST", `api/images/${id}/${kind}`, {})).json();
export const cancel = id => send("DELETE", `api/images/${id}/task`);
export const exported = async (id, body) => (await send("POST", `api/images/${id}/export`, body)).blob();

/** What was drawn before and its version; null if nothing was. */
export async function work(id) {
  const response = await send("GET", `api/images/${id}/work`);
  return response.status === 204 ? null : { drawing: await response.json(), version: response.headers.get("ETag") };
}

/** Keeps what was drawn; returns its version. */
export async function keep(id, drawing, version) {
  const headers = version ? { "If-Match": version } : { "If-None-Match": "*" };
  return (await send("PUT", `api/images/${id}/work`, drawing, { headers })).headers.get("ETag");
}
