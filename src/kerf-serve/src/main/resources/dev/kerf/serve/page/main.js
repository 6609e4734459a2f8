import * as api from "./api.js";
import * as rle from "./rle.js";
import { FileList } from "./files.js";
import { Film } from "./film.js";
import { Model } from "./model.js";
import { Pointing } from "./pointing.js";
import { Rows } from "./rows.js";
import { Controls } from "./video.js";
import { View } from "./view.js";

// The page: it puts together what the service knows, what is drawn and what the user does.

const $ = id => document.getElementById(id);
const SAVE_AFTER_MS = 300;
const POLL_MS = 250;
const MOST_FOUND = 1000;

const canvas = $("canvas");
const model = new Model();
const view = new View(canvas);
let service = null;
/** The video that is open in place of a picture. */
let film = null;
/** What has the objects. */
const drawn = () => film ?? model;
/** The picture that is open: what the service says of it, and the version of what was kept. */
let open = null;
let version = null;
let unsaved = false;
let saving = null;

function say(text, wrong = false) {
  $("status").textContent = text;
  $("status").classList.toggle("wrong", wrong);
}

/** Runs what may fail, and says so in the page. */
async function trying(work) {
  try {
    return await work();
  } catch (e) {
    if (film && e.status === 412) {
      await film.load();
      say("This video's objects were changed in another tab: its work is shown.", true);
    } else if (e.name !== "AbortError") {
      say(e instanceof api.ApiError ? e.message : `The service can't be reached: ${e.message}`, true);
    }
    return undefined;
  }
}

// Pictures.

const list = new FileList({ trying, say, saved, picture: present, video: presentVideo, limits: () => service.limits });

async function present(image) {
  closeFilm();
  open = image;
  version = null;
  canvas.dataset.ready = "false";
  $("picture-name").textContent = `${image.name}, ${image.width} × ${image.height}`;
  const picture = new Image();
  picture.src = `api/images/${image.id}/picture`;
  await picture.decode();
  $("empty").hidden = true;
  view.show(picture, image.width, image.height);
  canvas.setAttribute("aria-label", image.name);
  history.replaceState(null, "", `#${image.upload ? "upload" : "path"}=${encodeURIComponent(image.name)}`);
  list.mark(open, film?.video ?? null);
  await restore();
  await busy("Looking at the picture", () => api.look(image.id), true);
  if (open === image) {
    canvas.dataset.ready = "true";
    say("Ready: click on a thing.");
  }
}

// Videos.

const controls = new Controls({ trying, say });

async function presentVideo(video, frame = 0) {
  closeFilm();
  open = null;
  model.load([]);
  film = new Film(video);
  const own = film;
  canvas.dataset.ready = "false";
  $("picture-name").textContent = `${video.name}, ${video.width} × ${video.height}, ${video.frames.toLocaleString("en")} frames`;
  $("saved").textContent = "";
  own.frame = Math.min(frame, video.frames - 1);
  own.addEventListener("change", e => own === film && changedFilm(e.detail));
  showMode();
  list.mark(open, film?.video ?? null);
  canvas.setAttribute("aria-label", video.name);
  $("empty").hidden = true;
  view.show(new OffscreenCanvas(1, 1), video.width, video.height);
  controls.use(own);
  await own.load();
  if (own === film) {
    canvas.dataset.ready = "true";
    say(service.video ? "Ready: click on a thing in any frame, then follow it." : "The video can be looked at; to follow things it takes SAM 2.");
  }
}

function closeFilm() {
  if (film) {
    film.close();
    film = null;
    controls.use(null);
    showMode();
  }
}

/** What there is for pictures, or for videos. */
function showMode() {
  $("format").hidden = film !== null;
  $("film-format").hidden = film === null;
  $("tasks").hidden = $("tasks-title").hidden = film !== null;
  $("film-hint").hidden = service.video;
  $("new").disabled = film !== null && !service.video;
}

function changedFilm(detail) {
  if (detail === "frame" && view.picture !== film.picture) {
    view.replace(film.picture);
    canvas.dataset.frame = String(film.frame);
    history.replaceState(null, "", `#${film.video.upload ? "video-upload" : "video"}=${encodeURIComponent(film.video.name)}&frame=${film.frame}`);
  }
  changed();
}

/** Shows how far the service is with the picture while it works at it. */
async function busy(text, work, looking = false) {
  const image = open;
  $("busy-text").textContent = text;
  $("progress").removeAttribute("value");
  $("cancel").hidden = looking;
  $("busy").hidden = false;
  const timer = setInterval(async () => {
    const s = await api.state(image.id).catch(() => null);
    if (s?.task && !looking) {
      $("progress").value = s.task.percent;
    } else if (s?.looking_ms && s.look_ms) {
      $("progress").value = Math.min(99, (100 * s.looking_ms) / s.look_ms);
    }
  }, POLL_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    $("busy").hidden = true;
  }
}

// What was drawn is kept on disk; another tab's work isn't overwritten but shown.

async function restore() {
  const kept = await api.work(open.id);
  version = kept?.version ?? null;
  unsaved = false;
  model.load(kept ? Model.kept(kept.drawing) : []);
}

async function save() {
  unsaved = false;
  const image = open;
  $("saved").textContent = "Saving…";
  try {
    version = await api.keep(image.id, model.drawing(), version);
    $("saved").textContent = unsaved ? "" : "Saved";
  } catch (e) {
    $("saved").textContent = "";
    if (e.status === 412) {
      await restore();
      say("This picture was drawn over in another tab: its work is shown.", true);
    } else {
      unsaved = true;
      throw e;
    }
  }
}

function saveSoon() {
  unsaved = true;
  $("saved").textContent = "";
  clearTimeout(saveSoon.timer);
  saveSoon.timer = setTimeout(saved, SAVE_AFTER_MS);
}

/** Waits until everything is kept. */
async function saved() {
  clearTimeout(saveSoon.timer);
  await saving;
  while (unsaved && open) {
    saving = trying(save);
    await saving;
    if (unsaved) {
      break;
    }
  }
}

addEventListener("focus", () => trying(async () => {
  if (film && !film.following && await film.load()) {
    say("Shows what another tab did.");
  }
  if (open && !unsaved) {
    const kept = await api.work(open.id);
    if (kept && kept.version !== version && !unsaved) {
      version = kept.version;
      model.load(Model.kept(kept.drawing));
      say("Shows what another tab drew.");
    }
  }
}));
addEventListener("beforeunload", e => {
  if (unsaved) {
    e.preventDefault();
  }
});

// Prompts. One is answered after the other, in the order in which they were made.

let asking = Promise.resolve();

function prompts(o) {
  const body = { client: api.CLIENT };
  if (o.points.length > 0) {
    body.points = o.points;
  }
  if (o.box) {
    body.box = o.box;
  }
  if (o.scribbles.length > 0) {
    body.scribbles = o.scribbles;
  }
  return body;
}

function label() {
  return service.sam ? "object" : "region";
}

/** Adds to what the current object is shown by, and asks. */
function showMore(change) {
  if (film) {
    showInFrame(shows => ({ ...without(shows, "segmentation"), ...change({ points: [], scribbles: [], ...shows }) }));
    return;
  }
  if (!open) {
    return;
  }
  const image = open;
  const o = model.current ?? model.add(label());
  const rev = model.show(o.id, change(o));
  view.setHover(null);
  asking = asking.then(() => trying(async () => {
    const shown = model.objects.find(x => x.id === o.id && x.rev === rev);
    if (!shown || image !== open) {
      return;
    }
    const { masks } = await api.prompt(image.id, prompts(shown));
    if (image === open) {
      model.answered(o.id, rev, masks);
      say(`${shown.name}: ${masks[0].area.toLocaleString("en")} pixels.`);
    }
  }));
}

function without(shows, member) {
  const { [member]: _, ...rest } = shows;
  return rest;
}

/** Shows the current object in the frame that is looked at by something else. */
function showInFrame(make) {
  const own = film;
  view.setHover(null);
  trying(async () => {
    const o = await own.show("object", make);
    say(`${o.name}: ${rle.area(o.mask).toLocaleString("en")} pixels in frame ${own.frame + 1}.`);
  });
}

const pointing = new Pointing(canvas, view, {
  ready: () => canvas.dataset.ready === "true" && (film ? service.video && !film.following : open !== null),
  point: (x, y, on) => showMore(o => ({ points: [...o.points, [x, y, on ? 1 : 0]] })),
  box: box => showMore(() => ({ box })),
  scribble: (points, foreground) => showMore(o => ({ scribbles: [...o.scribbles, { points, foreground }] })),
  paint(bytes, adds) {
    if (film) {
      const { width, height } = film.video;
      showInFrame(() => Film.edited(film.current?.mask ?? null, bytes, adds, width, height));
      return;
    }
    const o = model.current ?? model.add(label());
    model.edit(o.id, bytes, adds, open.width, open.height);
    say(`${o.name}: ${rle.area(model.current.mask).toLocaleString("en")} pixels.`);
  },
  async hover(x, y, on, signal) {
    if (film) {
      return film.hover([x, y, on ? 1 : 0], signal);
    }
    const o = model.current;
    const body = o ? prompts(o) : { client: api.CLIENT };
    body.points = [...(body.points ?? []), [x, y, on ? 1 : 0]];
    const { masks } = await api.prompt(open.id, { ...body, hover: true }, { signal, once: true });
    return masks[0];
  },
});

// What changed, shown.

const rows = new Rows({ trying, drawn, film: () => film, choose: (id, i) => model.choose(id, i) });

model.addEventListener("change", e => {
  changed();
  if (e.detail === "draw") {
    saveSoon();
  }
});

function changed() {
  const { objects, current, canUndo, canRedo } = drawn();
  rows.show(objects, current);
  $("undo").disabled = !canUndo;
  $("redo").disabled = !canRedo;
  view.setObjects(objects, current);
}

// Buttons and keys.

function newObject() {
  if (film) {
    trying(() => film.add("object"));
    canvas.focus();
  } else if (open) {
    model.add(label());
    canvas.focus();
  }
}

function remove() {
  const { current } = drawn();
  if (current) {
    say(`${current.name} is removed.`);
    trying(async () => drawn().remove(current.id));
  }
}

function choose(i) {
  if (!film && model.current?.candidates[i]) {
    model.choose(model.current.id, i);
  }
}

function tool(name) {
  document.querySelector(`input[name=tool][value=${name}]`).click();
}

const undo = () => trying(async () => drawn().undo());
const redo = () => trying(async () => drawn().redo());
$("undo").onclick = undo;
$("redo").onclick = redo;
$("new").onclick = newObject;
$("zoom-in").onclick = () => view.zoom(1.4);
$("zoom-out").onclick = () => view.zoom(1 / 1.4);
$("zoom-fit").onclick = () => view.fit();
$("help-open").onclick = () => $("help").showModal();
$("cancel").onclick = () => trying(() => api.cancel(open.id));
$("size").oninput = () => pointing.size($("size").valueAsNumber);
pointing.size($("size").valueAsNumber);
for (const radio of document.querySelectorAll("input[name=tool]")) {
  radio.onchange = () => pointing.use(radio.value);
}

const KEYS = {
  1: () => tool("point"), 2: () => tool("scribble"), 3: () => tool("brush"), 4: () => tool("eraser"), 5: () => tool("pan"),
  q: () => choose(0), w: () => choose(1), e: () => choose(2), n: newObject, Delete: remove, Backspace: remove,
  "+": () => view.zoom(1.4), "=": () => view.zoom(1.4), "-": () => view.zoom(1 / 1.4), 0: () => view.fit(),
  "[": () => resize(-3), "]": () => resize(3),
};
const FILM_KEYS = {
  p: () => controls.play(), ",": () => controls.step(-1), ".": () => controls.step(1), Home: () => controls.first(),
  End: () => controls.last(), f: () => controls.follow("forward"),
};

function resize(by) {
  $("size").valueAsNumber += by;
  pointing.size($("size").valueAsNumber);
}

addEventListener("keydown", e => {
  const typing = e.target.matches("input[type=text], select, textarea") || $("help").open;
  if (typing) {
    return;
  }
  if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "z") {
    e.preventDefault();
    e.shiftKey ? redo() : undo();
  } else if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "y") {
    e.preventDefault();
    redo();
  } else if (!e.ctrlKey && !e.metaKey && !e.altKey) {
    const does = KEYS[e.key] ?? (film && !e.target.matches("input[type=range]") ? FILM_KEYS[e.key] : undefined);
    if (does) {
      e.preventDefault();
      does();
    }
  }
});

// All of it, and export.

const TASKS = { everything: "Everything", segment: "Segment", detect: "Detect", panoptic: "Panoptic" };

async function all(kind) {
  const { masks } = await busy(`${TASKS[kind]}…`, () => api.task(open.id, kind));
  const found = masks.slice(0, MOST_FOUND).map(m => model.make(m.label ?? "thing", {
    mask: m.segmentation, candidates: [m], ...(kind === "segment" ? { name: m.label } : {}),
  }));
  model.commit([...model.objects, ...found], null);
  say(masks.length > MOST_FOUND ? `${masks.length} found; the first ${MOST_FOUND} are shown.` : `${masks.length} found.`);
}

$("export").onsubmit = e => {
  e.preventDefault();
  trying(async () => {
    if (film) {
      const format = $("film-format").value;
      say("The export is being made…");
      download(await api.exportedVideo(film.video.id, format), film.video,
        { coco: "track.json", labels: "labels.zip", masks: "masks.zip", overlay: "overlay.gif" }[format]);
      return;
    }
    if (!open) {
      say("There is no picture to export yet.", true);
      return;
    }
    const select = $("format");
    const objects = model.objects.map(o => ({ name: o.name, colour: o.colour, segmentation: o.mask }));
    const blob = await api.exported(open.id, { format: select.value, objects });
    const endings = { coco: "coco.json", labels: "labels.png", masks: "masks.zip", geojson: "geojson", overlay: "overlay.png", cutout: "cutout.png" };
    download(blob, open, endings[select.value]);
  });
};

function download(blob, { name }, ending) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${name.replace(/\/$/, "").replace(/^.*\//, "").replace(/\.[^.]*$/, "")}-${ending}`.replace("-geojson", ".geojson");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  say(`${link.download} is exported.`);
}

async function start() {
  service = await api.info();
  $("pointer").textContent = service.pointer;
  if (!service.sam) {
    $("hint").innerHTML = "Without weights of SAM a click selects a connected region. To point at anything: "
      + "<code>kerf weights fetch sam2.1-tiny</code>, then <code>kerf serve --weights sam2.1-tiny</code>.";
    $("hint").hidden = false;
  }
  $("film-hint").innerHTML = "Following things through a video takes SAM 2: <code>kerf weights fetch sam2.1-tiny</code>, then "
    + "<code>kerf serve --weights sam2.1-tiny</code>.";
  $("tasks").replaceChildren(...service.tasks.map(kind => {
    const b = document.createElement("button");
    b.type = "button";
    b.textContent = TASKS[kind];
    b.dataset.kind = kind;
    b.onclick = () => trying(() => open && all(kind));
    return b;
  }));
  await list.list();
  const asked = new URLSearchParams(location.hash.slice(1));
  if (asked.has("path") || asked.has("upload")) {
    await list.picture(Object.fromEntries(asked));
  } else if (asked.has("video") || asked.has("video-upload")) {
    const which = asked.has("video") ? { path: asked.get("video") } : { upload: asked.get("video-upload") };
    await list.video(which, Number(asked.get("frame")) || 0);
  }
}

trying(start);
