// Drives the page in a real browser. What it leaves in KERF_OUT the test that called it compares with the library's answers.

import assert from "node:assert/strict";
import fs from "node:fs";
import { moreVideo, video, withoutSam } from "./video.mjs";
import { areas, clean, exported, kept, launch, openPicture, OUT, place, ready, REGIONS, SAM, tab } from "./driver.mjs";

const browser = await launch();
const timings = {};

async function at(page, x, y, side) {
  return place(page, x, y, side, side);
}

async function click(page, x, y, side, options) {
  await page.mouse.click(...await at(page, x, y, side), options);
}

/** Moves there at once; the pixels of the mask that is shown. */
async function hover(page, x, y, side) {
  await page.evaluate(() => { delete document.querySelector("#canvas").dataset.hoverArea; });
  await page.mouse.move(...await at(page, x, y, side));
  await page.waitForFunction(() => document.querySelector("#canvas").dataset.hoverArea);
  return Number(await page.getAttribute("#canvas", "data-hover-area"));
}

/** Hovers, clicks, undoes, chooses, paints; with the network that comes with Kerf. */
async function cells() {
  const page = await tab(browser);
  const began = performance.now();
  await page.goto(REGIONS);
  await page.waitForSelector("#files button");
  timings.load_ms = performance.now() - began;
  assert.match(await page.textContent("#hint"), /kerf weights fetch sam2\.1-tiny/);
  await openPicture(page, REGIONS, "tissue-1.png");
  const hovered = await hover(page, 200, 200, 512);
  await click(page, 200, 200, 512);
  const [cell] = await areas(page, 1);
  assert.equal(cell, hovered, "the hover showed what the click gave");
  assert.equal(await page.$$eval("#candidates button", b => b.length), 3);
  await page.keyboard.press("e");
  assert.ok((await areas(page, 1))[0] > 10 * cell, "the third candidate is the whole class");
  await page.keyboard.press("Control+z");
  assert.deepEqual(await areas(page, 1), [cell]);

  await click(page, 300, 330, 512);
  await page.waitForFunction(a => !document.querySelector("#objects .area").textContent.startsWith(a), cell.toLocaleString("en"));
  const [both] = await areas(page, 1);
  assert.ok(both > cell);
  await click(page, 300, 330, 512, { button: "right" });
  await page.waitForFunction(a => document.querySelector("#objects .area").textContent.startsWith(a), cell.toLocaleString("en"));
  await page.click("#undo");
  await page.waitForFunction(a => document.querySelector("#objects .area").textContent.startsWith(a), both.toLocaleString("en"));
  await page.keyboard.down("Alt");
  await click(page, 300, 331, 512);
  await page.keyboard.up("Alt");
  await page.waitForFunction(a => document.querySelector("#objects .area").textContent.startsWith(a), cell.toLocaleString("en"));
  for (let i = 0; i < 4; i++) {
    await page.click("#undo");
  }
  for (let i = 0; i < 3; i++) {
    await page.click("#redo");
  }
  assert.deepEqual(await areas(page, 1), [both]);
  await page.click("#undo");
  assert.deepEqual(await areas(page, 1), [cell]);

  await page.click("#new");
  const [x, y] = await at(page, 300, 330, 512);
  await page.mouse.click(x, y);
  const two = await areas(page, 2);
  assert.equal(two[1], both - cell);
  await page.fill("#objects li:nth-child(2) input[type=text]", "the other");
  await page.press("#objects li:nth-child(2) input[type=text]", "Tab");
  await page.keyboard.press("3");
  await stroke(page, [[250, 20], [290, 20]]);
  const painted = await areas(page, 2);
  assert.ok(painted[1] > two[1] + 300, "a brush adds");
  await page.keyboard.press("4");
  await stroke(page, [[250, 20], [290, 20]]);
  assert.ok((await areas(page, 2))[1] <= two[1], "an eraser takes away");
  await page.keyboard.press("2");
  await page.keyboard.press("n");
  await stroke(page, [[196, 196], [200, 200], [204, 203]]);
  assert.equal((await areas(page, 3))[2], cell, "a scribble over the cell selects it");
  await page.keyboard.press("Delete");
  await kept(page);
  await page.screenshot({ path: `${OUT}/cells.png` });

  const names = {};
  for (const format of ["coco", "labels", "masks", "geojson", "overlay", "cutout"]) {
    names[format] = await exported(page, format, `cells-${format}`);
  }
  assert.deepEqual(names, {
    coco: "tissue-1-coco.json", labels: "tissue-1-labels.png", masks: "tissue-1-masks.zip", geojson: "tissue-1.geojson",
    overlay: "tissue-1-overlay.png", cutout: "tissue-1-cutout.png",
  });
  await page.reload();
  await ready(page);
  assert.deepEqual(await areas(page, 2), [two[0], (await areas(page, 2))[1]]);
  assert.equal(await page.inputValue("#objects li:nth-child(2) input[type=text]"), "the other");
  clean(page);
  return page;
}

async function stroke(page, points) {
  await page.mouse.move(...await at(page, ...points[0], 512));
  await page.mouse.down();
  for (const p of points) {
    await page.mouse.move(...await at(page, ...p, 512), { steps: 8 });
  }
  await page.mouse.up();
}

/** What one tab draws the other shows, and neither overwrites the other's. */
async function twoTabs(first) {
  const second = await tab(browser);
  await openPicture(second, REGIONS, "tissue-1.png");
  assert.equal((await areas(second, 2)).length, 2);
  await second.keyboard.press("n");
  await click(second, 60, 60, 512);
  await areas(second, 3);
  await kept(second);
  await first.keyboard.press("n");
  await click(first, 450, 450, 512);
  await first.waitForFunction(() => /another tab/.test(document.querySelector("#status").textContent));
  assert.deepEqual(await areas(first, 3), await areas(second, 3));
  // The refusal is the browser's only complaint.
  first.problems = first.problems.filter(p => !p.includes("412"));
  clean(first);
  clean(second);
  await second.context().close();
  await first.context().close();
}

/** Without a pointer. */
async function keys() {
  const page = await tab(browser);
  await openPicture(page, REGIONS, "tissue-2.png");
  for (const name of await page.$$eval("button, input, select, canvas", all => all.filter(e => e.checkVisibility()).map(e =>
    e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.[0]?.textContent.trim() || e.outerHTML))) {
    assert.ok(!name.startsWith("<"), `${name} has a name`);
  }
  await page.focus("#canvas");
  await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("Enter");
  await areas(page, 1);
  assert.match(await page.textContent("#status"), /^region 1: [\d,]+ pixels\.$/);
  await page.keyboard.press("n");
  for (let i = 0; i < 8; i++) {
    await page.keyboard.press("Shift+ArrowUp");
  }
  await page.keyboard.press("Enter");
  await areas(page, 2);
  await page.click("#help-open");
  await page.keyboard.press("Escape");
  await page.click("#tasks [data-kind=segment]");
  await areas(page, 4);
  await kept(page);
  clean(page);
  await page.context().close();
}

/** A picture that is dropped on the page; what detects things in it. */
async function things() {
  const page = await tab(browser);
  await page.goto(REGIONS);
  await page.waitForSelector("#files button");
  const dropped = await page.evaluateHandle(bytes => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(bytes)], "dropped.png", { type: "image/png" }));
    return data;
  }, [...fs.readFileSync(process.env.KERF_DROPPED)]);
  await page.dispatchEvent("#stage", "dragover", { dataTransfer: dropped });
  assert.ok(await page.$("#stage.drop"), "the page shows that it takes it");
  await page.dispatchEvent("#stage", "drop", { dataTransfer: dropped });
  await page.waitForFunction(() => document.querySelector("#picture-name").textContent.startsWith("dropped.png, 256 × 256"));
  await ready(page);
  assert.equal(await page.$("#stage.drop"), null);
  for (const kind of ["detect", "panoptic"]) {
    const before = await page.$$eval("#objects li", all => all.length);
    await page.click(`#tasks [data-kind=${kind}]`);
    await page.waitForFunction(n => document.querySelectorAll("#objects li").length > n, before);
    assert.match(await page.textContent("#status"), /^\d+ found/);
  }
  await kept(page);
  fs.writeFileSync(`${OUT}/things.json`, await page.evaluate(async () => {
    const id = performance.getEntriesByType("resource").map(e => /images\/([0-9a-f]{32})\//.exec(e.name)?.[1]).find(Boolean);
    return (await fetch(`api/images/${id}/work`)).text();
  }));
  clean(page);
  await page.context().close();
}

/** On a phone, in the dark, with a picture of one's own. */
async function phone() {
  const page = await tab(browser, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: "dark" });
  await page.goto(REGIONS);
  await page.waitForSelector("#files button");
  await page.setInputFiles("#open", { name: "my cells.png", mimeType: "image/png", buffer: fs.readFileSync(process.env.KERF_PICTURE) });
  await page.waitForFunction(() => document.querySelector("#picture-name").textContent.startsWith("my cells.png"));
  await ready(page);
  await page.touchscreen.tap(...await at(page, 200, 200, 512));
  await areas(page, 1);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is cut off at the side");
  await page.screenshot({ path: `${OUT}/phone.png` });
  clean(page);
  await page.context().close();
}

/** SAM 2 with formula weights: what it answers is compared by who called this. */
async function sam() {
  const page = await tab(browser);
  await openPicture(page, SAM, "drawn.png");
  assert.ok(await page.isHidden("#hint"));
  const hovers = [];
  for (let i = 0; i < 40; i++) {
    await hover(page, 60 + 3 * i, 90 + i, 256);
    hovers.push(Number(await page.getAttribute("#canvas", "data-hover-ms")));
  }
  timings.hover_ms = hovers;
  await click(page, 125, 94, 256);
  await areas(page, 1);
  await page.keyboard.press("n");
  const from = await at(page, 76, 64, 256), to = await at(page, 179, 199, 256);
  await page.mouse.move(...from);
  await page.mouse.down();
  await page.mouse.move(...to, { steps: 6 });
  await page.mouse.up();
  await areas(page, 2);
  await kept(page);
  await page.screenshot({ path: `${OUT}/sam.png` });
  await exported(page, "coco", "sam-coco");
  await (await page.waitForSelector("#objects li:nth-child(2)")).click();
  fs.writeFileSync(`${OUT}/sam-work.json`, await page.evaluate(async () => {
    const id = performance.getEntriesByType("resource").map(e => /images\/([0-9a-f]{32})\//.exec(e.name)?.[1]).find(Boolean);
    return (await fetch(`api/images/${id}/work`)).text();
  }));
  clean(page);
  await page.context().close();
}

/** Pictures for a GIF of what a click does. */
async function film() {
  const page = await tab(browser, { viewport: { width: 860, height: 560 } });
  await openPicture(page, REGIONS, "tissue-3.png");
  let n = 0;
  await page.mouse.move(5, 5);
  const shot = () => page.locator("#stage").screenshot({ path: `${OUT}/film-${String(n++).padStart(2, "0")}.png` });
  await shot();
  for (const [x, y] of [[200, 200], [300, 330], [484, 172]]) {
    await page.keyboard.press("n");
    await page.mouse.move(...await at(page, x, y, 512), { steps: 3 });
    await page.waitForTimeout(300);
    await shot();
    await click(page, x, y, 512);
    await areas(page, Math.ceil(n / 2));
    await page.mouse.move(5, 5);
    await page.waitForTimeout(200);
    await shot();
  }
  clean(page);
  await page.context().close();
}

try {
  await twoTabs(await cells());
  await keys();
  await things();
  await phone();
  await sam();
  await moreVideo(browser, await video(browser));
  await withoutSam(browser, REGIONS);
  await film();
  fs.writeFileSync(`${OUT}/timings.json`, JSON.stringify(timings));
  console.log("all of the page was tried");
} finally {
  await browser.close();
}
