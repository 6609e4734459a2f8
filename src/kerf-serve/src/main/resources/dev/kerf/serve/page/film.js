import * as api from "./api.js";
import * as rle from "./rle.js";

// A video: its objects, what they are shown by and where they were found, as the service keeps them, and the frame that is looked
// at. It is asked as Model is: objects and current are those of the frame.

const KEPT_BYTES = 192 << 20;
const AHEAD = 6;
const MOST_OBJECTS = 255;
const MOST_STEPS = 200;
const COLOURS = ["#ff7a1a", "#2f8bff", "#2fbf71", "#e5484d", "#a06bff", "#12b5b0", "#f2b705", "#ff5fa2", "#8a9a2c", "#7c8aa0"];

export class Film extends EventTarget {
  frame = 0;
  picture = null;
  track = { version: 0, objects: [] };
  #current = null;
  #pictures = new Map();
  #masks = new Map();
  #done = [];
  #undone = [];
  #asking = Promise.resolve();
  #following = null;
  #cancelled = false;
  #closed = false;

  constructor(video) {
    super();
    this.video = video;
    this.most = Math.max(8, Math.floor(KEPT_BYTES / (4 * video.width * video.height)));
  }

  /** The objects with what shows them in this frame and their masks there. */
  get objects() {
    const masks = this.#masks.get(this.frame);
    return this.track.objects.map(o => {
      const { points = [], box = null, scribbles = [], segmentation = null } = o.prompts[this.frame] ?? {};
      return {
        id: String(o.object), number: o.object, name: o.name, colour: o.colour, points, box, scribbles, drawn: segmentation,
        candidates: [], choice: 0, mask: masks?.get(o.object) ?? null, frames: o.found.reduce((n, [a, b]) => n + b - a + 1, 0),
        shown: Object.keys(o.prompts).map(Number), found: o.found, gone: o.gone,
      };
    });
  }

  get current() { return this.objects.find(o => o.number === this.#current) ?? null; }
  get canUndo() { return this.#done.length > 0; }
  get canRedo() { return this.#undone.length > 0; }
  get following() { return this.#following !== null; }

  /** Reads what the service keeps; whether it was another than was known. */
  async load() {
    const track = await this.#then(() => api.track(this.video.id));
    if (this.picture && track.version === this.track.version) {
      return false;
    }
    this.#take(track);
    this.#masks.clear();
    this.#done = [];
    this.#undone = [];
    await this.go(this.frame);
    return true;
  }

  #take(track) {
    this.track = track;
    if (!track.objects.some(o => o.object === this.#current)) {
      this.#current = track.objects.at(-1)?.object ?? null;
    }
  }

  close() {
    this.#closed = true;
    this.#following?.abort();
    for (const p of this.#pictures.values()) {
      p.then(bitmap => bitmap.close(), () => {});
    }
    this.#pictures.clear();
  }

  /** A frame's picture; those used last are kept. */
  #bitmap(frame) {
    let found = this.#pictures.get(frame);
    this.#pictures.delete(frame);
    found ??= api.frame(this.video.id, frame).then(createImageBitmap);
    found.catch(() => this.#pictures.delete(frame));
    this.#pictures.set(frame, found);
    if (this.#pictures.size > this.most) {
      const [oldest, p] = this.#pictures.entries().next().value;
      this.#pictures.delete(oldest);
      p.then(bitmap => bitmap !== this.picture && bitmap.close(), () => {});
    }
    return found;
  }

  async #found(frame) {
    if (!this.#masks.has(frame)) {
      const known = this.track.objects.some(o => o.found.some(([a, b]) => a <= frame && frame <= b));
      const objects = known ? await api.frameMasks(this.video.id, frame) : [];
      this.#keep(frame, objects);
    }
  }

  #keep(frame, objects, replace = true) {
    const masks = replace ? new Map() : this.#masks.get(frame) ?? new Map();
    objects.forEach(o => masks.set(o.object, o.segmentation));
    this.#masks.delete(frame);
    this.#masks.set(frame, masks);
    if (this.#masks.size > 4 * this.most) {
      this.#masks.delete(this.#masks.keys().next().value);
    }
  }

  /** Looks at a frame; of several that are asked for at once the last is shown. */
  async go(frame) {
    this.frame = Math.max(0, Math.min(this.video.frames - 1, frame));
    const asked = this.frame;
    const [picture] = await Promise.all([this.#bitmap(asked), this.#found(asked)]);
    if (!this.#closed && asked === this.frame) {
      this.picture = picture;
      this.#changed("frame");
    }
  }

  /** Gets the next frames, for who plays. */
  prepare(frame) {
    const most = Math.min(this.video.frames - 1, frame + Math.min(AHEAD, this.most - 2));
    for (let i = frame + 1; i <= most; i++) {
      this.#bitmap(i).catch(() => {});
      this.#found(i).catch(() => {});
    }
  }

  select(id) {
    this.#current = Number(id);
    this.#changed("select");
  }

  free() {
    for (let n = 1; n <= MOST_OBJECTS; n++) {
      if (!this.track.objects.some(o => o.object === n)) {
        return n;
      }
    }
    throw new api.ApiError(400, `There are ${MOST_OBJECTS} objects, which are all that a video can have.`);
  }

  /** One change after the other, each of the version that the one before made. */
  #then(work) {
    const next = this.#asking.then(work);
    this.#asking = next.catch(() => {});
    return next;
  }

  add(label) {
    return this.#then(async () => {
      const n = this.free();
      this.#take(await api.describe(this.video.id, n, `${label} ${n}`, COLOURS[(n - 1) % COLOURS.length], this.track.version));
      this.#current = n;
      this.#changed("objects");
      return n;
    });
  }

  change(id, { name, colour }) {
    return this.#then(async () => {
      const o = this.track.objects.find(x => x.object === Number(id));
      if (o) {
        this.#take(await api.describe(this.video.id, o.object, name ?? o.name, colour ?? o.colour, this.track.version));
        this.#changed("objects");
      }
    });
  }

  /** All of an object, or from this frame on. */
  remove(id, fromHere = false) {
    return this.#then(async () => {
      const was = this.track.objects.find(x => x.object === Number(id));
      this.#take(await api.removeObject(this.video.id, id, fromHere ? this.frame : null, this.track.version));
      this.#masks.clear();
      if (!fromHere) {
        this.#did({ removed: was });
      }
      await this.go(this.frame);
    });
  }

  /** Shows an object in this frame by something else; `make` gets what showed it there. */
  show(label, make) {
    return this.#then(async () => {
      const frame = this.frame, object = this.#current ?? this.free();
      if (this.#current === null) {
        this.#take(await api.describe(this.video.id, object, `${label} ${object}`, COLOURS[(object - 1) % COLOURS.length], this.track.version));
        this.#current = object;
      }
      const before = this.track.objects.find(o => o.object === object)?.prompts[frame] ?? null;
      const after = make(before ?? {});
      await this.#set(object, frame, after);
      this.#did({ object, frame, before, after });
      return this.objects.find(o => o.number === object);
    });
  }

  async #set(object, frame, shows) {
    if (shows) {
      const { mask, version } = await api.promptFrame(this.video.id, { frame, object, ...shows, client: api.CLIENT }, this.track.version);
      const o = this.track.objects.find(x => x.object === object);
      o.prompts[frame] = shows;
      if (o.gone <= frame) {
        delete o.gone;
      }
      this.#mark(o, frame);
      this.track.version = version;
      this.#keep(frame, [mask], false);
    } else {
      this.#take(await api.hide(this.video.id, object, frame, this.track.version));
      this.#masks.delete(frame);
    }
    await this.go(this.frame);
  }

  #mark(o, frame) {
    if (!o.found.some(([a, b]) => a <= frame && frame <= b)) {
      o.found.push([frame, frame]);
      o.found.sort((p, q) => p[0] - q[0]);
      o.found = o.found.reduce((all, [a, b]) => {
        const last = all.at(-1);
        last && a <= last[1] + 1 ? last[1] = Math.max(last[1], b) : all.push([a, b]);
        return all;
      }, []);
    }
  }

  #did(step) {
    this.#done.push(step);
    this.#done.splice(0, this.#done.length - MOST_STEPS);
    this.#undone = [];
    this.#changed("objects");
  }

  undo() { return this.#step(this.#done, this.#undone, "before"); }
  redo() { return this.#step(this.#undone, this.#done, "after"); }

  #step(from, to, which) {
    return this.#then(async () => {
      const step = from.pop();
      if (!step) {
        return;
      }
      if (step.removed) {
        const { object, name, colour, prompts } = step.removed;
        if (which === "before") {
          this.#take(await api.describe(this.video.id, object, name, colour, this.track.version));
          for (const [frame, shows] of Object.entries(prompts)) {
            await this.#set(object, Number(frame), shows);
          }
        } else {
          this.#take(await api.removeObject(this.video.id, object, null, this.track.version));
          this.#masks.clear();
        }
        await this.go(this.frame);
      } else {
        this.frame = step.frame;
        this.#current = step.object;
        await this.#set(step.object, step.frame, step[which]);
      }
      to.push(step);
      this.#changed("objects");
    });
  }

  /** The mask that a click in this frame would give. */
  async hover(point, signal) {
    const { points = [], box, scribbles } = this.current ? this.track.objects.find(o => o.object === this.#current).prompts[this.frame] ?? {} : {};
    const body = {
      frame: this.frame, object: this.#current ?? this.free(), points: [...points, point], ...(box ? { box } : {}),
      ...(scribbles ? { scribbles } : {}), hover: true, client: api.CLIENT,
    };
    return (await api.promptFrame(this.video.id, body, null, { signal, once: true })).mask;
  }

  /** Follows objects from this frame; each frame that was come to is shown, if the one before is. Returns how it ended. */
  async follow(direction, only, progress) {
    await this.#asking;
    this.#following = new AbortController();
    this.#cancelled = false;
    this.#changed("following");
    let shown = Promise.resolve(), showing = false, end = { end: "cancelled" };
    try {
      const body = { start: this.frame, direction, ...(only && this.current ? { objects: [this.current.number] } : {}) };
      await api.propagate(this.video.id, body, this.#following.signal, line => {
        if (line.end) {
          end = line;
          return;
        }
        this.#keep(line.frame, line.objects, false);
        line.objects.forEach(found => {
          const o = this.track.objects.find(x => x.object === found.object);
          o && this.#mark(o, line.frame);
        });
        progress(line.percent);
        if (!showing) {
          showing = true;
          shown = this.go(line.frame).catch(() => {}).finally(() => { showing = false; });
        }
      });
    } catch (e) {
      if (!this.#cancelled) {
        throw e;
      }
    } finally {
      this.#following = null;
    }
    await shown;
    this.#changed("following");
    return end;
  }

  /** Ends the following; what was found is kept. */
  async cancel() {
    this.#cancelled = true;
    await api.cancelVideo(this.video.id);
  }

  /** A mask with pixels added or taken away. */
  static edited(mask, bytes, adds, width, height) {
    const pixels = mask ? rle.bitmap(mask) : new Uint8Array(width * height);
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i]) {
        pixels[i] = adds ? 1 : 0;
      }
    }
    return { segmentation: rle.encode(pixels, width, height) };
  }

  #changed(what) {
    this.dispatchEvent(new CustomEvent("change", { detail: what }));
  }
}
