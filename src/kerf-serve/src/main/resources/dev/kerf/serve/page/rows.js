import * as rle from "./rle.js";

// The list of objects, and what could be meant by what shows the current one.

const $ = id => document.getElementById(id);

export class Rows {
  #film = null;

  /** `acts`: trying; drawn() has the objects, film() is the video that they are in, if they are; choose(id, i). */
  constructor(acts) {
    this.acts = acts;
  }

  /** Rows stay where their objects do, so that who is in one with the keyboard stays there. */
  show(objects, current) {
    const list = $("objects"), film = this.acts.film();
    if (film !== this.#film || objects.length !== list.children.length || objects.some((o, i) => list.children[i].dataset.id !== o.id)) {
      this.#film = film;
      list.replaceChildren(...objects.map(o => this.#row(o.id)));
    }
    objects.forEach((o, i) => list.children[i].show(o, o.id === current?.id));
    this.#candidates(current);
  }

  /** An object's row; its `show` makes it say what the object is now. */
  #row(id) {
    const { trying, drawn } = this.acts;
    const item = document.createElement("li");
    item.dataset.id = id;
    const colour = document.createElement("input");
    colour.type = "color";
    colour.onchange = () => trying(async () => drawn().change(id, { colour: colour.value }));
    const name = document.createElement("input");
    name.type = "text";
    name.maxLength = 200;
    name.setAttribute("aria-label", "Name");
    name.onfocus = () => drawn().current?.id !== id && drawn().select(id);
    name.onchange = () => trying(async () => drawn().change(id, { name: name.value }));
    const remove = document.createElement("button");
    remove.type = "button";
    remove.textContent = "×";
    remove.onclick = () => trying(async () => drawn().remove(id));
    const pixels = document.createElement("span");
    pixels.className = "area";
    item.onclick = e => e.target === item || e.target === pixels ? drawn().select(id) : undefined;
    item.append(colour, name, remove, pixels);
    const more = this.#film ? this.#inVideo(id, item) : () => {};
    item.show = (o, current) => {
      item.classList.toggle("current", current);
      colour.value = o.colour;
      colour.setAttribute("aria-label", `Colour of ${o.name}`);
      if (document.activeElement !== name) {
        name.value = o.name;
      }
      remove.setAttribute("aria-label", `Remove ${o.name}`);
      const none = this.#film ? "not found in this frame" : "nothing shown yet";
      pixels.textContent = o.mask ? `${rle.area(o.mask).toLocaleString("en")} px` : none;
      more(o);
    };
    return item;
  }

  /** What a video's object has besides: where it was shown and found, and where it ends. */
  #inVideo(id, item) {
    const film = this.#film;
    const text = document.createElement("span");
    text.className = "area";
    const ends = document.createElement("button");
    ends.type = "button";
    ends.className = "ends";
    ends.textContent = "Ends before this frame";
    ends.onclick = () => this.acts.trying(() => film.remove(id, true));
    item.append(text, ends);
    return o => {
      text.textContent = `shown in ${o.shown.length}, found in ${o.frames.toLocaleString("en")} frames${o.gone === undefined ? "" : `, ends before ${o.gone + 1}`}`;
      ends.setAttribute("aria-label", `${o.name} ends before this frame`);
      ends.disabled = film.frame === 0 || film.following;
    };
  }

  #candidates(o) {
    const several = o !== null && o.candidates.length > 1;
    $("candidates").hidden = !several;
    for (const b of $("candidates").querySelectorAll("button")) {
      b.remove();
    }
    if (several) {
      $("candidates").append(...o.candidates.map((c, i) => {
        const b = document.createElement("button");
        b.type = "button";
        b.textContent = `${i + 1}: ${c.area.toLocaleString("en")}`;
        b.setAttribute("aria-label", `${i + 1}: ${c.area} pixels`);
        b.setAttribute("aria-pressed", String(i === o.choice));
        b.onclick = () => this.acts.choose(o.id, i);
        return b;
      }));
    }
  }
}
