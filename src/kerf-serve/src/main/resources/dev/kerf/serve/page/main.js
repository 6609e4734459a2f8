import * as api from "./api.js";
import * as rle from "./rle.js";
import { Model } from "./model.js";
import { Pointing } from "./pointing.js";
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
    if (e.name !== "AbortError") {
      say(e instanceof api.ApiError ? e.message : `The service can't be reached: ${e.message}`, true);
    }
    return undefined;
  }
}

// Pictures.

async function listFiles() {
  const { files, uploads } = await api.files();
  const entry = (name, which) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.title = name;
    button.dataset.name = name;
    button.onclick = () => trying(() => show(which));
    const item = document.createElement("li");
    item.append(button);
    return item;
  };
  $("files").replaceChildren(...files.map(f => entry(f, { path: f })), ...uploads.map(f => entry(f, { upload: f })));
  markFile();
}

function markFile() {
  for (const b of $("files").querySelectorAll("button")) {
    b.setAttribute("aria-current", String(open !== null && b.dataset.name === open.name));
  }
}

async function show(which) {
  await saved();
  await present(await api.openNamed(which));
}

async function take(files) {
  for (const file of files) {
    if (file.size > service.limits.upload_bytes) {
      say(`${file.name} has ${file.size.toLocaleString("en")} bytes; ${service.limits.upload_bytes.toLocaleString("en")} are taken at most.`, true);
      continue;
    }
    say(`Sending ${file.name}…`);
    const image = await api.upload(file);
    await listFiles();
    await saved();
    await present(image);
  }
}

async function present(image) {
  open = image;
  version = null;
  canvas.dataset.ready = "false";
  $("picture-name").textContent = `${image.name}, ${image.width} × ${image.height}`;
  const picture = new Image();
  picture.src = `api/images/${image.id}/picture`;
  await picture.decode();
  $("empty").hidden = true;
  view.show(picture);
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

const pointing = new Pointing(canvas, view, {
  ready: () => open !== null && canvas.dataset.ready === "true",
  point: (x, y, on) => showMore(o => ({ points: [...o.points, [x, y, on ? 1 : 0]] })),
  box: box => showMore(() => ({ box })),
  scribble: (points, foreground) => showMore(o => ({ scribbles: [...o.scribbles, { points, foreground }] })),
  paint(bytes, adds) {
    const o = model.current ?? model.add(label());
    model.edit(o.id, bytes, adds, open.width, open.height);
    say(`${o.name}: ${rle.area(model.current.mask).toLocaleString("en")} pixels.`);
  },
  async hover(x, y, on, signal) {
    const o = model.current;
    const body = o ? prompts(o) : { client: api.CLIENT };
    body.points = [...(body.points ?? []), [x, y, on ? 1 : 0]];
    const { masks } = await api.prompt(open.id, { ...body, hover: true }, { signal, once: true });
    return masks[0];
  },
});

// The list of objects.

function row(o) {
  const item = document.createElement("li");
  item.dataset.id = o.id;
  item.classList.toggle("current", o === model.current);
  const colour = document.createElement("input");
  colour.type = "color";
  colour.value = o.colour;
  colour.setAttribute("aria-label", `Colour of ${o.name}`);
  colour.onchange = () => model.change(o.id, { colour: colour.value });
  const name = document.createElement("input");
  name.type = "text";
  name.value = o.name;
  name.maxLength = 200;
  name.setAttribute("aria-label", "Name");
  name.onfocus = () => model.current?.id !== o.id && model.select(o.id);
  name.onchange = () => model.change(o.id, { name: name.value });
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = "×";
  remove.setAttribute("aria-label", `Remove ${o.name}`);
  remove.onclick = () => model.remove(o.id);
  const pixels = document.createElement("span");
  pixels.className = "area";
  pixels.textContent = o.mask ? `${rle.area(o.mask).toLocaleString("en")} px` : "nothing shown yet";
  item.onclick = e => e.target === item || e.target === pixels ? model.select(o.id) : undefined;
  item.append(colour, name, remove, pixels);
  return item;
}

function candidates() {
  const o = model.current;
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
  const { detail } = e;
  if (detail === "select") {
    for (const item of $("objects").children) {
      item.classList.toggle("current", item.dataset.id === model.current?.id);
    }
  } else {
    $("objects").replaceChildren(...model.objects.map(row));
  }
  candidates();
  $("undo").disabled = !model.canUndo;
  $("redo").disabled = !model.canRedo;
  view.setObjects(model.objects, model.current);
  if (detail === "draw") {
    saveSoon();
  }
});

// Buttons and keys.

function newObject() {
  if (open) {
    model.add(label());
    canvas.focus();
  }
}

function remove() {
  if (model.current) {
    say(`${model.current.name} is removed.`);
    model.remove(model.current.id);
  }
}

function choose(i) {
  if (model.current?.candidates[i]) {
    model.choose(model.current.id, i);
  }
}

function tool(name) {
  document.querySelector(`input[name=tool][value=${name}]`).click();
}

$("undo").onclick = () => model.undo();
$("redo").onclick = () => model.redo();
$("new").onclick = newObject;
$("zoom-in").onclick = () => view.zoom(1.4);
$("zoom-out").onclick = () => view.zoom(1 / 1.4);
$("zoom-fit").onclick = () => view.fit();
$("help-open").onclick = () => $("help").showModal();
$("cancel").onclick = () => trying(() => api.cancel(open.id));
$("open").onchange = () => trying(() => take([...$("open").files])).then(() => { $("open").value = ""; });
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
    e.shiftKey ? model.redo() : model.undo();
  } else if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "y") {
    e.preventDefault();
    model.redo();
  } else if (!e.ctrlKey && !e.metaKey && !e.altKey && KEYS[e.key]) {
    e.preventDefault();
    KEYS[e.key]();
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
$("stage").addEventListener("drop", e => trying(() => take([...e.dataTransfer.files])));

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
    if (!open) {
      say("There is no picture to export yet.", true);
      return;
    }
    const select = $("format");
    const objects = model.objects.map(o => ({ name: o.name, colour: o.colour, segmentation: o.mask }));
    const blob = await api.exported(open.id, { format: select.value, objects });
    const endings = { coco: "coco.json", labels: "labels.png", masks: "masks.zip", geojson: "geojson", overlay: "overlay.png", cutout: "cutout.png" };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${open.name.replace(/^.*\//, "").replace(/\.[^.]*$/, "")}-${endings[select.value]}`.replace("-geojson", ".geojson");
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    say(`${link.download} is exported.`);
  });
};

async function start() {
  service = await api.info();
  $("pointer").textContent = service.pointer;
  if (!service.sam) {
    $("hint").innerHTML = "Without weights of SAM a click selects a connected region. To point at anything: "
      + "<code>kerf weights fetch sam2.1-tiny</code>, then <code>kerf serve --weights sam2.1-tiny</code>.";
    $("hint").hidden = false;
  }
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
  }
}

trying(start);
