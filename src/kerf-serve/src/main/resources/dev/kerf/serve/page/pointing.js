// What the pointer and the keys do on the picture. Places that are handed on are columns and rows of it.

const DRAG = 4;
const STEP = 2;

export class Pointing {
  #tool = "point";
  #size = 12;
  #pointers = new Map();
  #drag = null;
  #space = false;
  #wanted = null;
  #hovering = false;
  #abort = null;
  #moved = 0;

  /**
   * On a canvas; `acts` are told of points, boxes, strokes and painted pixels, and answer hovers.
   */
  constructor(canvas, view, acts) {
    this.canvas = canvas;
    this.view = view;
    this.acts = acts;
    canvas.addEventListener("pointerdown", e => this.#down(e));
    canvas.addEventListener("pointermove", e => this.#move(e));
    canvas.addEventListener("pointerup", e => this.#up(e));
    canvas.addEventListener("pointercancel", e => this.#up(e, true));
    canvas.addEventListener("pointerleave", () => this.#unhover());
    canvas.addEventListener("contextmenu", e => e.preventDefault());
    canvas.addEventListener("wheel", e => {
      e.preventDefault();
      view.zoom(Math.exp(-e.deltaY * (e.deltaMode ? 0.05 : 0.0015)), e.clientX, e.clientY);
    }, { passive: false });
    canvas.addEventListener("keydown", e => this.#key(e));
    addEventListener("keydown", e => { this.#space ||= e.code === "Space" && e.target === canvas; });
    addEventListener("keyup", e => { this.#space &&= e.code !== "Space"; });
  }

  use(tool) {
    this.#tool = tool;
    this.canvas.style.cursor = tool === "pan" ? "grab" : "crosshair";
    this.#unhover();
  }

  size(pixels) {
    this.#size = pixels;
  }

  #down(e) {
    this.canvas.focus({ preventScroll: true });
    if (!this.view.picture) {
      return;
    }
    this.canvas.setPointerCapture(e.pointerId);
    this.#pointers.set(e.pointerId, { x: e.clientX, y: e.clientY });
    if (this.#pointers.size > 1) {
      this.#drag = null;
      this.view.draft = null;
      this.view.draw(false);
      return;
    }
    const from = this.view.at(e.clientX, e.clientY);
    const pans = this.#tool === "pan" || this.#space || e.button === 1;
    this.#drag = {
      kind: pans ? "pan" : this.#tool, x: e.clientX, y: e.clientY, from, on: e.button !== 2 && !e.altKey, moved: false,
      points: [[from.x, from.y]],
    };
  }

  #move(e) {
    if (!this.view.picture) {
      return;
    }
    const before = this.#pointers.get(e.pointerId);
    if (this.#pointers.size === 2 && before) {
      this.#pinch(e, before);
      return;
    }
    if (before) {
      this.#pointers.set(e.pointerId, { x: e.clientX, y: e.clientY });
    }
    const d = this.#drag;
    if (!d) {
      this.#hover(e);
      return;
    }
    d.moved ||= Math.hypot(e.clientX - d.x, e.clientY - d.y) > DRAG;
    if (d.kind === "pan") {
      this.view.pan(e.clientX - before.x, e.clientY - before.y);
      return;
    }
    if (!d.moved) {
      return;
    }
    this.#unhover();
    const at = this.view.at(e.clientX, e.clientY);
    if (d.kind === "point") {
      d.box = [Math.min(d.from.x, at.x), Math.min(d.from.y, at.y), Math.max(d.from.x, at.x), Math.max(d.from.y, at.y)];
      this.view.draft = { box: d.box };
    } else {
      const [x, y] = d.points.at(-1);
      if (Math.hypot(at.x - x, at.y - y) >= Math.min(STEP, this.#size / 4)) {
        d.points.push([at.x, at.y]);
      }
      const paints = d.kind !== "scribble";
      this.view.draft = { points: d.points, foreground: paints ? d.kind === "brush" : d.on, width: paints ? this.#size : undefined };
    }
    this.view.draw(false);
  }

  #up(e, called = false) {
    const two = this.#pointers.size > 1;
    this.#pointers.delete(e.pointerId);
    const d = this.#drag;
    this.#drag = null;
    this.view.draft = null;
    this.view.draw(false);
    if (!d || called || two || !this.acts.ready()) {
      return;
    }
    if (d.kind === "point" && !d.moved) {
      if (d.from.inside) {
        this.acts.point(d.from.x, d.from.y, d.on);
      }
    } else if (d.kind === "point" && d.box && d.box[2] > d.box[0] && d.box[3] > d.box[1]) {
      this.acts.box(d.box);
    } else if (d.kind === "scribble") {
      this.acts.scribble(d.points, d.on);
    } else if (d.kind === "brush" || d.kind === "eraser") {
      this.acts.paint(this.#painted(d.points), d.kind === "brush");
    }
  }

  #pinch(e, before) {
    const [other] = [...this.#pointers].filter(([id]) => id !== e.pointerId).map(([, p]) => p);
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    const is = Math.hypot(e.clientX - other.x, e.clientY - other.y);
    this.#pointers.set(e.pointerId, { x: e.clientX, y: e.clientY });
    this.view.pan((e.clientX - before.x) / 2, (e.clientY - before.y) / 2);
    if (was > 0 && is > 0) {
      this.view.zoom(is / was, (e.clientX + other.x) / 2, (e.clientY + other.y) / 2);
    }
  }

  /** Pixels whose middle is within the brush along a stroke. */
  #painted(points) {
    const { width, height } = this.view;
    const bytes = new Uint8Array(width * height);
    const r = Math.max(0.5, this.#size / 2);
    points.forEach(([bx, by], i) => {
      const [ax, ay] = points[Math.max(0, i - 1)];
      const dx = bx - ax, dy = by - ay, length2 = dx * dx + dy * dy;
      const top = Math.max(0, Math.floor(Math.min(ay, by) - r)), bottom = Math.min(height - 1, Math.ceil(Math.max(ay, by) + r));
      const left = Math.max(0, Math.floor(Math.min(ax, bx) - r)), right = Math.min(width - 1, Math.ceil(Math.max(ax, bx) + r));
      for (let y = top; y <= bottom; y++) {
        for (let x = left; x <= right; x++) {
          const px = x + 0.5 - ax, py = y + 0.5 - ay;
          const t = length2 ? Math.min(1, Math.max(0, (px * dx + py * dy) / length2)) : 0;
          if (Math.hypot(px - t * dx, py - t * dy) <= r) {
            bytes[y * width + x] = 1;
          }
        }
      }
    });
    return bytes;
  }

  /** One question at a time; of the places since, only the latest is asked for. */
  #hover(e) {
    if (this.#tool !== "point" || e.pointerType === "touch" || !this.acts.ready()) {
      return;
    }
    const at = this.view.at(e.clientX, e.clientY);
    if (!at.inside) {
      this.#unhover();
      return;
    }
    this.ask(at.x, at.y, !e.altKey);
  }

  ask(x, y, on) {
    this.#wanted = { x, y, on, began: performance.now() };
    if (!this.#hovering) {
      this.#answer();
    }
  }

  async #answer() {
    this.#hovering = true;
    while (this.#wanted) {
      const { x, y, on, began } = this.#wanted;
      this.#wanted = null;
      const asked = ++this.#moved;
      this.#abort = new AbortController();
      try {
        const mask = await this.acts.hover(x, y, on, this.#abort.signal);
        if (asked === this.#moved) {
          this.view.setHover(mask);
          // Read by who measures the page.
          this.canvas.dataset.hoverMs = String(performance.now() - began);
          this.canvas.dataset.hoverArea = String(mask.area);
        }
      } catch {
        // A newer one took its place, or the service has no room: the next movement asks again.
      }
    }
    this.#hovering = false;
  }

  #unhover() {
    this.#wanted = null;
    this.#moved++;
    this.#abort?.abort();
    if (this.view.hover) {
      this.view.setHover(null);
    }
  }

  #key(e) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!this.view.picture) {
      return;
    }
    const { width, height } = this.view;
    const cross = this.view.cross ?? { x: width / 2, y: height / 2 };
    if (moves[e.key]) {
      e.preventDefault();
      const [dx, dy] = moves[e.key].map(v => v * (e.shiftKey ? 10 : 1));
      this.view.cross = {
        x: Math.min(width - 0.5, Math.max(0.5, cross.x + dx)), y: Math.min(height - 0.5, Math.max(0.5, cross.y + dy)),
      };
      this.view.draw(false);
      if (this.acts.ready() && this.#tool === "point") {
        this.ask(this.view.cross.x, this.view.cross.y, !e.altKey);
      }
    } else if (e.key === "Enter" && this.acts.ready()) {
      e.preventDefault();
      this.view.cross = cross;
      this.acts.point(cross.x, cross.y, !e.altKey);
    }
  }
}
