import * as rle from "./rle.js";

// The picture and what is drawn over it. Places are columns and rows of the picture; `at` turns a pointer's into them.

const OPACITY = 115;
const HOVER = 150;

export class View {
  picture = null;
  width = 0;
  height = 0;
  objects = [];
  current = null;
  hover = null;
  /** Where the keyboard's cross is; null until it is moved. */
  cross = null;
  /** A box or stroke that is being drawn. */
  draft = null;
  #scale = 1;
  #x = 0;
  #y = 0;
  #layer = new OffscreenCanvas(1, 1);
  #over = new OffscreenCanvas(1, 1);
  /** The picture with the objects as the screen shows them, and whether that changed since. */
  #base = new OffscreenCanvas(1, 1);
  #stale = true;
  #layerStep = 1;
  #overStep = 1;
  #waiting = false;

  constructor(canvas) {
    this.canvas = canvas;
    new ResizeObserver(() => {
      const ratio = devicePixelRatio;
      canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio));
      canvas.height = Math.max(1, Math.round(canvas.clientHeight * ratio));
      this.fit();
    }).observe(canvas);
  }

  /** A picture of so many pixels. */
  show(picture, width, height) {
    this.picture = picture;
    this.width = width;
    this.height = height;
    this.cross = null;
    this.objects = [];
    this.current = null;
    this.hover = null;
    this.fit();
    this.setHover(null);
    this.#paintObjects();
  }

  /** Another picture of the same size, where the one before is. */
  replace(picture) {
    this.picture = picture;
    this.#stale = true;
    this.setHover(null);
  }

  fit() {
    if (this.picture) {
      const { width: w, height: h } = this;
      this.#scale = 0.96 * Math.min(this.canvas.width / w, this.canvas.height / h);
      this.#x = (this.canvas.width - w * this.#scale) / 2;
      this.#y = (this.canvas.height - h * this.#scale) / 2;
      this.#refine();
    }
    this.draw();
  }

  /** Around a pointer's place, or the middle. */
  zoom(factor, clientX, clientY) {
    const box = this.canvas.getBoundingClientRect();
    const px = ((clientX ?? box.left + box.width / 2) - box.left) * devicePixelRatio;
    const py = ((clientY ?? box.top + box.height / 2) - box.top) * devicePixelRatio;
    const scale = Math.min(64, Math.max(0.02, this.#scale * factor));
    this.#x = px - (px - this.#x) * (scale / this.#scale);
    this.#y = py - (py - this.#y) * (scale / this.#scale);
    this.#scale = scale;
    this.#refine();
    this.draw();
  }

  pan(dx, dy) {
    this.#x += dx * devicePixelRatio;
    this.#y += dy * devicePixelRatio;
    this.draw();
  }

  /** The place under a pointer, and whether it is in the picture. */
  at(clientX, clientY) {
    const box = this.canvas.getBoundingClientRect();
    const x = ((clientX - box.left) * devicePixelRatio - this.#x) / this.#scale;
    const y = ((clientY - box.top) * devicePixelRatio - this.#y) / this.#scale;
    const { width: w, height: h } = this;
    return {
      x: Math.min(w, Math.max(0, x)), y: Math.min(h, Math.max(0, y)), inside: x >= 0 && y >= 0 && x < w && y < h,
    };
  }

  /** Where a place of the picture is on the screen. */
  screen(x, y) {
    const box = this.canvas.getBoundingClientRect();
    return { x: box.left + (this.#x + x * this.#scale) / devicePixelRatio, y: box.top + (this.#y + y * this.#scale) / devicePixelRatio };
  }

  setObjects(objects, current) {
    const masks = objects.map(o => o.mask).concat(objects.map(o => o.colour)).join() === this.#key(this.objects);
    this.objects = objects;
    this.current = current;
    if (!masks || this.#drawn !== objects) {
      this.#paintObjects();
    }
    this.draw();
  }

  #drawn = null;
  #key(objects) { return objects.map(o => o.mask).concat(objects.map(o => o.colour)).join(); }

  #paintObjects() {
    this.#drawn = this.objects;
    this.#layerStep = this.#step();
    const masks = this.objects.filter(o => o.mask).map(o => [o.mask, colour(o.colour, OPACITY), colour(o.colour, 255)]);
    paint(this.#layer, this.#layerStep, this.width, this.height, masks.length > 0 ? [0, 0, this.width, this.height] : null, masks);
  }

  /** The mask that a click would give; null for none. */
  setHover(mask) {
    this.hover = mask;
    this.#overStep = this.#step();
    const some = mask && mask.bbox[2] > 0 && mask.bbox[3] > 0;
    paint(this.#over, this.#overStep, this.width, this.height, some ? mask.bbox : null,
      some ? [[mask.segmentation, colour("#ffffff", HOVER), colour("#101418", 255)]] : []);
    this.draw(false);
  }

  /** So many pixels of the picture to a side are at most one of the screen: masks needn't be painted finer. */
  #step() {
    return Math.max(1, Math.floor(1 / this.#scale));
  }

  /** Paints masks anew where the screen shows more of them than was painted. */
  #refine() {
    if (this.picture && this.#step() < this.#layerStep) {
      this.#paintObjects();
    }
    if (this.hover && this.#step() < this.#overStep) {
      this.setHover(this.hover);
    }
  }

  /** Draws anew; what lies below a pointer's marks only if it changed. */
  draw(below = true) {
    this.#stale ||= below;
    if (!this.#waiting) {
      this.#waiting = true;
      requestAnimationFrame(() => {
        this.#waiting = false;
        this.#drawNow();
      });
    }
  }

  #drawNow() {
    const c = this.canvas.getContext("2d");
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.picture) {
      return;
    }
    if (this.#stale) {
      this.#drawBase();
    }
    c.drawImage(this.#base, 0, 0);
    c.setTransform(this.#scale, 0, 0, this.#scale, this.#x, this.#y);
    c.imageSmoothingEnabled = this.#scale < 2;
    c.drawImage(this.#over, 0, 0, this.#over.width * this.#overStep, this.#over.height * this.#overStep);
    c.lineWidth = 1.5 * devicePixelRatio / this.#scale;
    const o = this.current;
    for (const s of o?.scribbles ?? []) {
      this.#stroke(c, s.points, s.foreground, c.lineWidth * 2);
    }
    if (o?.box) {
      this.#box(c, o.box);
    }
    for (const [x, y, on] of o?.points ?? []) {
      this.#dot(c, x, y, on !== 0);
    }
    const d = this.draft;
    if (d?.box) {
      this.#box(c, d.box);
    } else if (d?.points) {
      this.#stroke(c, d.points, d.foreground, d.width ?? c.lineWidth * 2, d.width ? 0.55 : 1);
    }
    if (this.cross) {
      this.#cross(c, this.cross.x, this.cross.y);
    }
  }

  #drawBase() {
    this.#stale = false;
    this.#base.width = this.canvas.width;
    this.#base.height = this.canvas.height;
    const c = this.#base.getContext("2d");
    c.setTransform(this.#scale, 0, 0, this.#scale, this.#x, this.#y);
    c.imageSmoothingEnabled = this.#scale < 2;
    c.drawImage(this.picture, 0, 0);
    c.drawImage(this.#layer, 0, 0, this.#layer.width * this.#layerStep, this.#layer.height * this.#layerStep);
  }

  #dot(c, x, y, on) {
    const r = 5 * devicePixelRatio / this.#scale;
    c.beginPath();
    c.arc(x, y, r, 0, 2 * Math.PI);
    c.fillStyle = on ? "#17b04a" : "#e02b2b";
    c.fill();
    c.strokeStyle = "#fff";
    c.stroke();
    c.beginPath();
    c.moveTo(x - r / 2, y);
    c.lineTo(x + r / 2, y);
    if (on) {
      c.moveTo(x, y - r / 2);
      c.lineTo(x, y + r / 2);
    }
    c.stroke();
  }

  #box(c, [left, top, right, bottom]) {
    c.setLineDash([]);
    c.strokeStyle = "#fff";
    c.strokeRect(left, top, right - left, bottom - top);
    c.setLineDash([6 * c.lineWidth, 4 * c.lineWidth]);
    c.strokeStyle = "#101418";
    c.strokeRect(left, top, right - left, bottom - top);
    c.setLineDash([]);
  }

  #stroke(c, points, on, width, alpha = 1) {
    c.save();
    c.globalAlpha = alpha;
    c.lineWidth = width;
    c.lineCap = c.lineJoin = "round";
    c.strokeStyle = on ? "#17b04a" : "#e02b2b";
    c.beginPath();
    points.forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y)));
    if (points.length === 1) {
      c.lineTo(points[0][0], points[0][1]);
    }
    c.stroke();
    c.restore();
  }

  #cross(c, x, y) {
    const r = 12 * devicePixelRatio / this.#scale;
    for (const [style, width] of [["#fff", 3], ["#101418", 1]]) {
      c.strokeStyle = style;
      c.lineWidth = width * devicePixelRatio / this.#scale;
      c.beginPath();
      c.moveTo(x - r, y);
      c.lineTo(x + r, y);
      c.moveTo(x, y - r);
      c.lineTo(x, y + r);
      c.stroke();
    }
  }
}

/** #rrggbb and alpha as the bytes of a pixel in memory. */
function colour(hex, alpha) {
  const n = parseInt(hex.slice(1), 16);
  return ((alpha << 24) | ((n & 255) << 16) | (n & 0xff00) | (n >> 16)) >>> 0;
}

/**
 * Paints masks into a box of a canvas, each with a colour inside and one along its edge; of every so many columns and rows one.
 *
 * @param box where they lie; null for nowhere
 */
function paint(canvas, step, width, height, box, masks) {
  const w = Math.max(1, Math.ceil(width / step)), h = Math.max(1, Math.ceil(height / step));
  const context = canvas.getContext("2d");
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  } else {
    context.clearRect(0, 0, w, h);
  }
  if (!box) {
    return;
  }
  const left = Math.floor(box[0] / step), top = Math.floor(box[1] / step);
  const across = Math.ceil((box[0] + box[2]) / step) - left, down = Math.ceil((box[1] + box[3]) / step) - top;
  const image = context.createImageData(across, down);
  const pixels = new Uint32Array(image.data.buffer);
  for (const [mask, word, edge] of masks) {
    const columns = new Map();
    rle.columns(mask, (x, from, to) => {
      const first = Math.ceil(from / step), end = Math.ceil(to / step);
      if (x % step === 0 && first < end) {
        const column = x / step;
        columns.get(column)?.push([first, end]) ?? columns.set(column, [[first, end]]);
        for (let at = (first - top) * across + column - left, y = first; y < end; y++, at += across) {
          pixels[at] = word;
        }
      }
    });
    outline(columns, (x, y) => { pixels[(y - top) * across + x - left] = edge; });
  }
  context.putImageData(image, left, top);
}

/** Pixels that aren't surrounded by others, by columns of stretches. */
function outline(columns, each) {
  for (const [x, own] of columns) {
    for (const [from, to] of own) {
      each(x, from);
      each(x, to - 1);
      for (const side of [x - 1, x + 1]) {
        let y = from;
        for (const [a, b] of columns.get(side) ?? []) {
          for (; y < Math.min(a, to); y++) {
            each(x, y);
          }
          y = Math.max(y, b);
        }
        for (; y < to; y++) {
          each(x, y);
        }
      }
    }
  }
}
