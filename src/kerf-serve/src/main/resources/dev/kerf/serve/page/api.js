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

// Videos. What changes objects says which version of them it knows.

const video = id => `api/videos/${id}`;
const match = version => ({ headers: { "If-Match": `"${version}"` } });

export const openVideo = async which => (await send("POST", "api/videos", which)).json();
export const uploadVideo = async file => (await send("POST", "api/videos?name=" + encodeURIComponent(file.name), file)).json();
/** Where the service is on this machine frames aren't compressed, which would take longer than to send them. */
const FRAMES = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname) ? "bmp" : "png";
export const frame = async (id, n) => (await send("GET", `${video(id)}/frames/${n}?type=${FRAMES}`)).blob();
export const frameMasks = async (id, n) => (await (await send("GET", `${video(id)}/frames/${n}/masks`)).json()).objects;
export const track = async id => (await send("GET", `${video(id)}/track`)).json();
export const promptFrame = async (id, body, version, options = match(version)) => (await send("POST", `${video(id)}/prompt`, body, options)).json();
export const describe = async (id, object, name, colour, version) =>
  (await send("PUT", `${video(id)}/objects/${object}`, { name, colour }, match(version))).json();
export const removeObject = async (id, object, from, version) =>
  (await send("DELETE", `${video(id)}/objects/${object}${from === null ? "" : `?from=${from}`}`, undefined, match(version))).json();
export const hide = async (id, object, n, version) =>
  (await send("DELETE", `${video(id)}/objects/${object}/prompts/${n}`, undefined, match(version))).json();
export const cancelVideo = id => send("DELETE", `${video(id)}/task`);
export const exportedVideo = async (id, format) => (await send("POST", `${video(id)}/export`, { format })).blob();

/** Follows objects; `each` is given every line when it comes. */
export async function propagate(id, body, signal, each) {
  const reader = (await send("POST", `${video(id)}/propagate`, body, { signal })).body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split("\n");
    rest = lines.pop();
    lines.forEach(line => each(JSON.parse(line)));
  }
}
