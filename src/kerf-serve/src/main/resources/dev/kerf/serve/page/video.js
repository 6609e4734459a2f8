// The controls of a video: which frame is looked at, playing, following objects, and the timeline.

const $ = id => document.getElementById(id);
const ROW = 14;
const NUMBER = new Intl.NumberFormat("en");

export class Controls {
  #film = null;
  #playing = false;
  #canvas = $("timeline");

  /** `acts`: trying(work) runs what may fail, say(text) tells the user. */
  constructor(acts) {
    this.acts = acts;
    $("frame").oninput = () => this.go($("frame").valueAsNumber);
    $("play").onclick = () => this.play();
    $("frame-back").onclick = () => this.go(this.#film.frame - 1);
    $("frame-on").onclick = () => this.go(this.#film.frame + 1);
    for (const b of document.querySelectorAll("#follow [data-direction]")) {
      b.onclick = () => this.follow(b.dataset.direction);
    }
    $("follow-cancel").onclick = () => acts.trying(() => this.#film.cancel());
    this.#canvas.onpointerdown = e => {
      this.#canvas.setPointerCapture(e.pointerId);
      this.#point(e);
    };
    this.#canvas.onpointermove = e => this.#canvas.hasPointerCapture(e.pointerId) && this.#point(e);
    new ResizeObserver(() => this.draw()).observe(this.#canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** Shows a video's controls; null hides them. */
  use(film) {
    this.#playing = false;
    this.#film = film;
    $("film").hidden = film === null;
    if (film) {
      $("frame").max = film.video.frames - 1;
      film.addEventListener("change", () => this.draw());
      this.draw();
    }
  }

  go(frame) {
    const film = this.#film;
    if (film) {
      this.#playing = false;
      this.acts.trying(() => film.go(frame));
    }
  }

  first() { this.go(0); }
  last() { this.go(this.#film.video.frames - 1); }
  step(by) { this.#film && this.go(this.#film.frame + by); }

  /** Plays from here, or from the beginning at the end; again, and it stops. */
  async play() {
    const film = this.#film;
    if (!film || this.#playing) {
      this.#playing = false;
      return;
    }
    this.#playing = true;
    this.draw();
    await this.acts.trying(async () => {
      if (film.frame === film.video.frames - 1) {
        await film.go(0);
      }
      let next = performance.now();
      while (this.#playing && film === this.#film && film.frame < film.video.frames - 1) {
        film.prepare(film.frame);
        next = Math.max(next + 1000 / film.video.rate, performance.now());
        const [, wait] = [await film.go(film.frame + 1), next - performance.now()];
        await new Promise(done => setTimeout(done, Math.max(0, wait)));
      }
    });
    this.#playing = false;
    this.draw();
  }

  async follow(direction) {
    const film = this.#film;
    if (!film || film.following) {
      return;
    }
    this.#playing = false;
    this.#progress(0);
    await this.acts.trying(async () => {
      const end = await film.follow(direction, $("only").checked, percent => this.#progress(percent));
      this.acts.say(end.end === "failed" ? end.error : end.end === "done" ? "Followed to the end." : "Following was ended; what was found is kept.",
        end.end === "failed");
    });
    this.draw();
  }

  #progress(percent) {
    $("follow-progress").value = percent;
    $("follow-text").textContent = `Following: ${percent} %`;
  }

  #point(e) {
    const box = this.#canvas.getBoundingClientRect();
    this.go(Math.round((e.clientX - box.left) / box.width * (this.#film.video.frames - 1)));
  }

  draw() {
    const film = this.#film;
    if (!film) {
      return;
    }
    const { frames, rate } = film.video;
    const text = `Frame ${NUMBER.format(film.frame + 1)} of ${NUMBER.format(frames)}, ${(film.frame / rate).toFixed(2)} s`;
    $("frame").value = film.frame;
    $("frame").setAttribute("aria-valuetext", text);
    $("frame-text").textContent = text;
    $("play").textContent = this.#playing ? "Pause" : "Play";
    $("frame-back").disabled = film.frame === 0;
    $("frame-on").disabled = film.frame === frames - 1;
    $("following").hidden = !film.following;
    $("follow").hidden = film.following;
    const any = film.objects.some(o => o.shown.length > 0);
    for (const b of document.querySelectorAll("#follow [data-direction]")) {
      b.disabled = !any;
    }
    this.#lines(film.objects, film.frame, frames);
  }

  /** A line for each object: where it was found, where it was shown, and where the frame is. */
  #lines(objects, at, frames) {
    const ratio = devicePixelRatio;
    this.#canvas.style.height = `${ROW * Math.max(1, objects.length) + 4}px`;
    const width = this.#canvas.width = Math.max(1, Math.round(this.#canvas.clientWidth * ratio));
    const height = this.#canvas.height = Math.max(1, Math.round(this.#canvas.clientHeight * ratio));
    const c = this.#canvas.getContext("2d"), style = getComputedStyle(this.#canvas);
    const text = style.color, line = style.borderTopColor;
    const span = Math.max(1, frames - 1), inset = 6 * ratio;
    const x = frame => inset + frame / span * (width - 2 * inset);
    objects.forEach((o, i) => {
      const y = (i * ROW + ROW / 2 + 2) * ratio;
      c.fillStyle = line;
      c.fillRect(x(0), y - ratio, x(frames - 1) - x(0), 2 * ratio);
      c.fillStyle = o.colour;
      for (const [from, to] of o.found) {
        c.fillRect(x(from) - ratio, y - 3 * ratio, x(to) - x(from) + 2 * ratio, 6 * ratio);
      }
      for (const frame of o.shown) {
        c.beginPath();
        c.arc(x(frame), y, 5 * ratio, 0, 2 * Math.PI);
        c.fillStyle = o.colour;
        c.fill();
        c.lineWidth = 1.5 * ratio;
        c.strokeStyle = text;
        c.stroke();
      }
    });
    c.fillStyle = text;
    c.fillRect(x(at) - ratio / 2, 0, 1.5 * ratio, height);
  }
}
