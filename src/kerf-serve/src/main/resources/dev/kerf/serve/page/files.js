import * as api from "./api.js";

// The lists of pictures and videos, and what is sent: chosen, dropped, or in folders.

const $ = id => document.getElementById(id);
const VIDEO = /\.(mkv|y4m|mp4|mov|avi|webm|m4v|mpe?g|wmv|flv|ts|3gp|ogv)$/i;
const PICTURE = /\.(png|jpe?g|bmp|tiff?|gif)$/i;

export class FileList {
  /** `acts`: trying and say; picture(image) and video(video) present what was opened; saved() waits until work is kept. */
  constructor(acts) {
    this.acts = acts;
    $("open").onchange = () => this.#chosen($("open"), [...$("open").files]);
    $("open-folder").onchange = () => this.#chosen($("open-folder"), [...$("open-folder").files].filter(taken)
      .sort((p, q) => byName(p.webkitRelativePath, q.webkitRelativePath)));
    for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
      $("stage").addEventListener(kind, e => {
        e.preventDefault();
        $("stage").classList.toggle("drop", kind === "dragenter" || kind === "dragover");
      });
    }
    $("stage").addEventListener("drop", e => {
      const entries = [...e.dataTransfer.items].map(i => i.webkitGetAsEntry?.()).filter(Boolean);
      const files = [...e.dataTransfer.files];
      acts.trying(async () => this.#take(entries.some(x => x.isDirectory) ? await dropped(entries) : files));
    });
  }

  async list() {
    const { files, uploads, videos, video_uploads: sent } = await api.files();
    $("files").replaceChildren(...files.map(f => this.#entry(f, () => this.picture({ path: f }))),
      ...uploads.map(f => this.#entry(f, () => this.picture({ upload: f }))));
    $("videos").replaceChildren(...videos.map(f => this.#entry(f, () => this.video({ path: f }))),
      ...sent.map(f => this.#entry(f, () => this.video({ upload: f }))));
    $("videos-title").hidden = videos.length + sent.length === 0;
  }

  #entry(name, show) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name === "./" ? "all pictures as a video" : name;
    button.title = name;
    button.dataset.name = name;
    button.onclick = () => this.acts.trying(show);
    const item = document.createElement("li");
    item.append(button);
    return item;
  }

  /** Shows which picture or video is open; the other is null. */
  mark(picture, video) {
    for (const [list, shown] of [["files", picture], ["videos", video]]) {
      for (const b of $(list).querySelectorAll("button")) {
        b.setAttribute("aria-current", String(b.dataset.name === shown?.name));
      }
    }
  }

  async picture(which) {
    await this.acts.saved();
    await this.acts.picture(await api.openNamed(which));
  }

  async video(which, frame = 0) {
    await this.acts.saved();
    this.acts.say("Counting the video's frames…");
    await this.acts.video(await api.openVideo(which), frame);
  }

  #chosen(input, files) {
    this.acts.trying(() => this.#take(files)).then(() => { input.value = ""; });
  }

  async #take(files) {
    const { upload_bytes: ofPicture, video_bytes: ofVideo } = this.acts.limits();
    for (const file of files) {
      const moves = /^video\//.test(file.type) || VIDEO.test(file.name);
      const most = moves ? ofVideo : ofPicture;
      if (file.size > most) {
        this.acts.say(`${file.name} has ${file.size.toLocaleString("en")} bytes; ${most.toLocaleString("en")} are taken at most.`, true);
        continue;
      }
      this.acts.say(`Sending ${file.name}…`);
      await this.acts.saved();
      // Of a GIF its frames tell.
      const video = moves || file.type === "image/gif" ? await api.uploadVideo(file) : null;
      if (video && (moves || video.frames > 1)) {
        await this.list();
        await this.acts.video(video);
      } else {
        const image = await api.upload(file);
        await this.list();
        await this.acts.picture(image);
      }
    }
  }
}

/** Whether a file of a folder is called like a picture or a video. */
const taken = file => PICTURE.test(file.name) || VIDEO.test(file.name);
const byName = (p, q) => p.localeCompare(q, "en", { numeric: true });
const more = reader => new Promise((done, fail) => reader.readEntries(done, fail));

/** What was dropped, with what is in folders. */
async function dropped(entries) {
  const files = [];
  const walk = async entry => {
    if (entry.isFile) {
      files.push(await new Promise((done, fail) => entry.file(done, fail)));
      return;
    }
    const reader = entry.createReader();
    for (let some = await more(reader); some.length > 0; some = await more(reader)) {
      for (const e of some.sort((p, q) => byName(p.name, q.name)).filter(e => e.isDirectory || taken(e))) {
        await walk(e);
      }
    }
  };
  for (const entry of entries) {
    await walk(entry);
  }
  return files;
}
