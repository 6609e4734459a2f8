import * as rle from "./rle.js";

// The objects that are drawn over a picture, and how they came to be. States aren't changed but followed by others.

export const COLOURS = ["#ff7a1a", "#2f8bff", "#2fbf71", "#e5484d", "#a06bff", "#12b5b0", "#f2b705", "#ff5fa2", "#8a9a2c", "#7c8aa0"];
const MOST_STATES = 200;

export class Model extends EventTarget {
  #states = [{ objects: [], current: null }];
  #at = 0;
  /** Of everything that is made, so that no two have the same. */
  #ids = 1;
  /** What the next object is called. */
  #named = 1;

  get objects() { return this.#states[this.#at].objects; }
  get current() { return this.objects.find(o => o.id === this.#states[this.#at].current) ?? null; }
  get canUndo() { return this.#at > 0; }
  get canRedo() { return this.#at < this.#states.length - 1; }

  /** Begins anew with what was kept; nothing can be undone. */
  load(objects) {
    const taken = objects.map(o => ({ ...this.#blank(), ...o }));
    this.#named = taken.length + 1;
    this.#states = [{ objects: taken, current: taken.at(-1)?.id ?? null }];
    this.#at = 0;
    this.#changed("load");
  }

  undo() { this.#step(-1); }
  redo() { this.#step(1); }

  #step(by) {
    if (this.#states[this.#at + by]) {
      this.#at += by;
      this.#changed("draw");
    }
  }

  /** A further state, in place of all that could be redone. */
  commit(objects, current = this.#states[this.#at].current) {
    this.#states.length = this.#at + 1;
    this.#states.push({ objects, current });
    if (this.#states.length > MOST_STATES) {
      this.#states.shift();
    }
    this.#at = this.#states.length - 1;
    this.#changed("draw");
  }

  /** Another object is the one that prompts go to; that is no state of its own. */
  select(id) {
    this.#states[this.#at] = { ...this.#states[this.#at], current: id };
    this.#changed("select");
  }

  add(label, fields = {}) {
    const o = this.make(label, fields);
    this.commit([...this.objects, o], o.id);
    return o;
  }

  make(label, fields = {}) {
    const n = this.#named++;
    return { ...this.#blank(), colour: COLOURS[(n - 1) % COLOURS.length], name: `${label} ${n}`, ...fields };
  }

  change(id, fields) {
    this.commit(this.objects.map(o => (o.id === id ? { ...o, ...fields } : o)));
  }

  remove(id) {
    const left = this.objects.filter(o => o.id !== id);
    this.commit(left, left.at(-1)?.id ?? null);
  }

  /** Shows an object other things: the answer comes later. */
  show(id, prompts) {
    const rev = this.#ids++;
    this.commit(this.objects.map(o => (o.id === id ? { ...o, ...prompts, rev } : o)), id);
    return rev;
  }

  /** What the service answers to what was shown; to whichever states show it. */
  answered(id, rev, candidates) {
    this.#states = this.#states.map(s => ({
      ...s,
      objects: s.objects.map(o => (o.id === id && o.rev === rev ? finished({ ...o, candidates, choice: 0 }) : o)),
    }));
    this.#changed("draw");
  }

  choose(id, choice) {
    this.commit(this.objects.map(o => (o.id === id ? finished({ ...o, choice }) : o)));
  }

  /** Pixels that a brush adds or takes away, as bytes. */
  edit(id, bytes, adds, width, height) {
    this.commit(this.objects.map(o => {
      if (o.id !== id) {
        return o;
      }
      const plus = o.plus ? rle.bitmap(o.plus) : new Uint8Array(bytes.length);
      const minus = o.minus ? rle.bitmap(o.minus) : new Uint8Array(bytes.length);
      for (let i = 0; i < bytes.length; i++) {
        if (bytes[i]) {
          plus[i] = adds ? 1 : 0;
          minus[i] = adds ? 0 : 1;
        }
      }
      const coded = b => rle.encode(b, width, height);
      return finished({ ...o, plus: coded(plus), minus: coded(minus) });
    }), id);
  }

  /** As it is kept on disk. */
  drawing() {
    return {
      objects: this.objects.map(({ id, rev, mask, ...kept }) => ({ ...kept, segmentation: mask })),
    };
  }

  static kept(drawing) {
    return drawing.objects.map(({ segmentation, ...o }) => ({ ...o, mask: segmentation ?? null }));
  }

  #blank() {
    return {
      id: `o${this.#ids++}`, rev: 0, name: "", colour: COLOURS[0], points: [], box: null, scribbles: [], candidates: [], choice: 0,
      plus: null, minus: null, mask: null,
    };
  }

  #changed(what) {
    this.dispatchEvent(new CustomEvent("change", { detail: what }));
  }
}

/** With the mask that was chosen, and what brushes changed of it. */
function finished(o) {
  const base = o.candidates[o.choice]?.segmentation ?? null;
  if (!o.plus || !(base || o.plus)) {
    return { ...o, mask: base };
  }
  const [height, width] = o.plus.size;
  const bytes = base ? rle.bitmap(base) : new Uint8Array(width * height);
  const plus = rle.bitmap(o.plus), minus = rle.bitmap(o.minus);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (bytes[i] || plus[i]) && !minus[i] ? 1 : 0;
  }
  return { ...o, mask: rle.encode(bytes, width, height) };
}
