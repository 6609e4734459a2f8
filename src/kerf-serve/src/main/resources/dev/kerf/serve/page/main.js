import * as api from "./api.js";
import * as rle from "./rle.js";
import { Film } from "./film.js";
import { Model } from "./model.js";
import { Pointing } from "./pointing.js";
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

async function listFiles() {
  const { files, uploads, videos, video_uploads: sent } = await api.files();
  const entry = (name, show) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name === "./" ? "all pictures as a video" : name;
    button.title = name;
    button.dataset.name = name;
    button.onclick = () => trying(show);
    const item = document.createElement("li");
    item.append(button);
    return item;
  };
  $("files").replaceChildren(...files.map(f => entry(f, () => show({ path: f }))), ...uploads.map(f => entry(f, () => show({ upload: f }))));
  $("videos").replaceChildren(...videos.map(f => entry(f, () => showVideo({ path: f }))), ...sent.map(f => entry(f, () => showVideo({ upload: f }))));
  $("videos-title").hidden = videos.length + sent.length === 0;
  markFile();
}

function markFile() {
  for (const [list, shown] of [["files", open], ["videos", film?.video]]) {
    for (const b of $(list).querySelectorAll("button")) {
      b.setAttribute("aria-current", String(shown != null && b.dataset.name === shown.name));
    }
  }
}

async function show(which) {
  await saved();
  await present(await api.openNamed(which));
}

async function take(files) {
  for (const file of files) {
    const moves = /^video\//.test(file.type) || /\.(mkv|y4m|mp4|mov|avi|webm|m4v|mpe?g|wmv|flv|ts|3gp|ogv)$/i.test(file.name);
    const most = moves ? service.limits.video_bytes : service.limits.upload_bytes;
    if (file.size > most) {
      say(`${file.name} has ${file.size.toLocaleString("en")} bytes; ${most.toLocaleString("en")} are taken at most.`, true);
      continue;
    }
    say(`Sending ${file.name}…`);
    await saved();
    // Of a GIF its frames tell.
    const video = moves || file.type === "image/gif" ? await api.uploadVideo(file) : null;
    if (video && (moves || video.frames > 1)) {
      await listFiles();
      await presentVideo(video);
    } else {
      const image = await api.upload(file);
      await listFiles();
      await present(image);
    }
  }
}

/** Files of a folder that are called like pictures or videos. */
const taken = file => /\.(png|jpe?g|bmp|tiff?|gif|mkv|y4m|mp4|mov|avi|webm|m4v|mpe?g|wmv|flv|ts|3gp|ogv)$/i.test(file.name);

/** What was dropped, with what is in folders. */
async function dropped(items) {
  const files = [];
  const walk = async entry => {
    if (entry.isFile) {
      files.push(await new Promise((done, fail) => entry.file(done, fail)));
    } else {
      const reader = entry.createReader();
      for (let some = await more(reader); some.length > 0; some = await more(reader)) {
        for (const e of some.sort((p, q) => p.name.localeCompare(q.name, "en", { numeric: true }))) {
          if (e.isDirectory || taken(e)) {
            await walk(e);
          }
        }
      }
    }
  };
  for (const entry of items) {
    await walk(entry);
  }
  return files;
}

const more = reader => new Promise((done, fail) => reader.readEntries(done, fail));

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
  markFile();
  await restore();
  await busy("Looking at the picture", () => api.look(image.id), true);
  if (open === image) {
    canvas.dataset.ready = "true";
    say("Ready: click on a thing.");
  }
}

// Videos.

const controls = new Controls({ trying, say });

async function showVideo(which) {
  await saved();
  say("Counting the video's frames…");
  await presentVideo(await api.openVideo(which));
}

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
  markFile();
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

// The list of objects.

/** An object's row; its `show` makes it say what the object is now, so that who is in it with the keyboard stays there. */
function row(id) {
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
  const more = film ? inVideo(id, item) : () => {};
  item.show = o => {
    item.classList.toggle("current", o.id === drawn().current?.id);
    colour.value = o.colour;
    colour.setAttribute("aria-label", `Colour of ${o.name}`);
    if (document.activeElement !== name) {
      name.value = o.name;
    }
    remove.setAttribute("aria-label", `Remove ${o.name}`);
    pixels.textContent = o.mask ? `${rle.area(o.mask).toLocaleString("en")} px` : film ? "not found in this frame" : "nothing shown yet";
    more(o);
  };
  return item;
}

/** What a video's object has besides: where it was shown and found, and where it ends. */
function inVideo(id, item) {
  const text = document.createElement("span");
  text.className = "area";
  const ends = document.createElement("button");
  ends.type = "button";
  ends.className = "ends";
  ends.textContent = "Ends before this frame";
  ends.onclick = () => trying(() => film.remove(id, true));
  item.append(text, ends);
  return o => {
    text.textContent = `shown in ${o.shown.length}, found in ${o.frames.toLocaleString("en")} frames${o.gone === undefined ? "" : `, ends before ${o.gone + 1}`}`;
    ends.setAttribute("aria-label", `${o.name} ends before this frame`);
    ends.disabled = film.frame === 0 || film.following;
  };
}

function rows(objects) {
  const list = $("objects");
  if (objects.length !== list.children.length || objects.some((o, i) => list.children[i].dataset.id !== o.id || list.video !== film)) {
    list.video = film;
    list.replaceChildren(...objects.map(o => row(o.id)));
  }
  objects.forEach((o, i) => list.children[i].show(o));
}

function candidates() {
  const o = drawn().current;
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
      b.onclick = () => model.choose(o.id, i);
      return b;
    }));
  }
}

model.addEventListener("change", e => {
  changed();
  if (e.detail === "draw") {
    saveSoon();
  }
});

function changed() {
  const { objects, current, canUndo, canRedo } = drawn();
  rows(objects);
  candidates();
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
$("open").onchange = () => trying(() => take([...$("open").files])).then(() => { $("open").value = ""; });
$("open-folder").onchange = () => trying(() => take([...$("open-folder").files].filter(taken)
  .sort((p, q) => p.webkitRelativePath.localeCompare(q.webkitRelativePath, "en", { numeric: true }))))
  .then(() => { $("open-folder").value = ""; });
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

for (const kind of ["dragenter", "dragover"]) {
  $("stage").addEventListener(kind, e => {
    e.preventDefault();
    $("stage").classList.add("drop");
  });
}
for (const kind of ["dragleave", "drop"]) {
  $("stage").addEventListener(kind, e => {
    e.preventDefault();
    $("stage").classList.remove("drop");
  });
}
$("stage").addEventListener("drop", e => {
  const entries = [...e.dataTransfer.items].map(i => i.webkitGetAsEntry?.()).filter(Boolean);
  const files = [...e.dataTransfer.files];
  trying(async () => take(entries.some(x => x.isDirectory) ? await dropped(entries) : files));
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
  await listFiles();
  const asked = new URLSearchParams(location.hash.slice(1));
  if (asked.has("path") || asked.has("upload")) {
    await show(Object.fromEntries(asked));
  } else if (asked.has("video") || asked.has("video-upload")) {
    const which = asked.has("video") ? { path: asked.get("video") } : { upload: asked.get("video-upload") };
    await presentVideo(await api.openVideo(which), Number(asked.get("frame")) || 0);
  }
}

trying(start);
