// A video in the page: SAM 2 with formula weights follows things through it. What is left in KERF_OUT the test that called compares.

import assert from "node:assert/strict";
import fs from "node:fs";
import { areas, clean, OUT, place, ready, SAM, tab } from "./driver.mjs";

const SIDE = 256;
const FRAMES = 8;

async function at(page, x, y) {
  return place(page, x, y, SIDE, SIDE);
}

/** Goes to a frame by the slider, and waits until it is shown. */
async function go(page, frame) {
  await page.fill("#frame", String(frame));
  await page.waitForSelector(`canvas[data-frame="${frame}"]`);
}

/** What an object's row says, when it says so. */
async function says(page, object, text) {
  try {
    await page.waitForFunction(([n, t]) => document.querySelectorAll("#objects li")[n]?.textContent.includes(t), [object, text]);
  } catch {
    assert.fail(`"${text}" expected: ${await page.textContent("#objects")}; ${await page.textContent("#status")}; ${page.problems}`);
  }
}

/** Follows objects, and waits until that has ended. */
async function follow(page, direction) {
  await page.click(`#follow [data-direction=${direction}]`);
  await page.waitForFunction(() => /Followed to the end/.test(document.querySelector("#status").textContent));
}

async function exported(page, format, file) {
  await page.selectOption("#film-format", format);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#export button")]);
  await download.saveAs(`${OUT}/${file}`);
  return download.suggestedFilename();
}

async function open(browser, name, options) {
  const page = await tab(browser, options);
  await page.goto(SAM);
  await page.click(`#videos button[data-name="${name}"]`);
  await ready(page);
  return page;
}

/** Clicks, follows both ways, corrects, adds one midway, ends one, undoes, reloads, exports. */
export async function video(browser) {
  const page = await open(browser, "clip.gif");
  assert.match(await page.textContent("#picture-name"), /clip\.gif, 256 × 256, 8 frames/);
  assert.ok(await page.isHidden("#film-hint"));
  assert.ok(await page.isHidden("#tasks"));
  await go(page, 2);
  await page.evaluate(() => { delete document.querySelector("#canvas").dataset.hoverArea; });
  await page.mouse.move(...await at(page, 125, 94));
  await page.waitForFunction(() => document.querySelector("#canvas").dataset.hoverArea);
  const hovered = Number(await page.getAttribute("#canvas", "data-hover-area"));
  await page.mouse.click(...await at(page, 125, 94));
  await says(page, 0, "shown in 1, found in 1 frames");
  assert.equal((await firstArea(page)), hovered, "the hover showed what the click gave");
  await follow(page, "both");
  await says(page, 0, `found in ${FRAMES} frames`);
  await page.screenshot({ path: `${OUT}/video-followed.png` });

  // A correction where it was followed, undone and done again.
  await go(page, 5);
  const before = await firstArea(page);
  await page.mouse.click(...await at(page, 60, 200), { button: "right" });
  await says(page, 0, "shown in 2");
  await page.click("#undo");
  await says(page, 0, "shown in 1");
  await page.click("#redo");
  await says(page, 0, "shown in 2");
  assert.notEqual(before, await firstArea(page));
  // Another from frame 3 on, by a box; the first stays as it is.
  await go(page, 3);
  await page.keyboard.press("n");
  await page.waitForFunction(() => document.querySelectorAll("#objects li").length === 2);
  await page.fill("#objects li:nth-child(2) input[type=text]", "the box");
  await page.press("#objects li:nth-child(2) input[type=text]", "Tab");
  const from = await at(page, 76, 64), to = await at(page, 179, 199);
  await page.mouse.move(...from);
  await page.mouse.down();
  await page.mouse.move(...to, { steps: 6 });
  await page.mouse.up();
  await says(page, 1, "shown in 1");
  await page.check("#only");
  await follow(page, "forward");
  await says(page, 1, `found in ${FRAMES - 3} frames`);
  await page.uncheck("#only");
  await page.screenshot({ path: `${OUT}/video.png` });

  // A scribble and a brush in other frames; the brush's pixels are the mask.
  await go(page, 6);
  await page.keyboard.press("3");
  await stroke(page, [[20, 20], [60, 20]]);
  await says(page, 1, "shown in 2");
  await page.keyboard.press("2");
  await go(page, 7);
  await stroke(page, [[100, 100], [140, 90], [150, 120]]);
  await says(page, 1, "shown in 3");
  await page.keyboard.press("1");

  await page.reload();
  await ready(page);
  await page.waitForSelector('canvas[data-frame="7"]');
  assert.equal(await page.inputValue("#objects li:nth-child(2) input[type=text]"), "the box");
  await says(page, 0, `shown in 2, found in ${FRAMES} frames`);
  await says(page, 1, `shown in 3, found in ${FRAMES - 3} frames`);
  assert.equal(await exported(page, "coco", "video-coco"), "clip-track.json");
  assert.equal(await exported(page, "labels", "video-labels"), "clip-labels.zip");
  fs.writeFileSync(`${OUT}/video-track.json`, await page.evaluate(async () => {
    const id = performance.getEntriesByType("resource").map(e => /videos\/([0-9a-f]{32})\//.exec(e.name)?.[1]).find(Boolean);
    return (await fetch(`api/videos/${id}/track`)).text();
  }));

  // The first ends before the last frame.
  await page.click("#objects li:nth-child(1) .ends");
  await says(page, 0, `found in ${FRAMES - 1} frames, ends before 8`);
  await keysAndPlay(page);
  clean(page);
  return page;
}

async function firstArea(page) {
  return Number((await page.textContent("#objects li:first-child .area")).replace(/\D/g, ""));
}

async function stroke(page, points) {
  await page.mouse.move(...await at(page, ...points[0]));
  await page.mouse.down();
  for (const p of points) {
    await page.mouse.move(...await at(page, ...p), { steps: 8 });
  }
  await page.mouse.up();
}

/** By the keyboard: frames, playing; and every control has a name. */
async function keysAndPlay(page) {
  for (const name of await page.$$eval("#film button, #film input, #film progress", all => all.filter(e => e.checkVisibility()).map(e =>
    e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.[0]?.textContent.trim() || e.outerHTML))) {
    assert.ok(!name.startsWith("<"), `${name} has a name`);
  }
  await page.focus("#canvas");
  await page.keyboard.press("Home");
  await page.waitForSelector('canvas[data-frame="0"]');
  await page.keyboard.press(".");
  await page.waitForSelector('canvas[data-frame="1"]');
  assert.equal(await page.getAttribute("#frame", "aria-valuetext"), "Frame 2 of 8, 0.20 s");
  await page.keyboard.press("p");
  await page.waitForSelector(`canvas[data-frame="${FRAMES - 1}"]`);
  await page.waitForFunction(() => document.querySelector("#play").textContent === "Play");
  await page.keyboard.press(",");
  await page.waitForSelector(`canvas[data-frame="${FRAMES - 2}"]`);
}

/** Following is called off; two tabs show one work; a phone shows all of it. */
export async function moreVideo(browser, first) {
  const second = await open(browser, "clip.gif", { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: "dark" });
  assert.equal((await second.$$("#objects li")).length, 2);
  await go(second, 4);
  assert.ok(await second.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is cut off at the side");
  await second.screenshot({ path: `${OUT}/video-phone.png`, fullPage: true });
  await second.click("#objects li:nth-child(2) button[aria-label^=Remove]");
  await second.waitForFunction(() => document.querySelectorAll("#objects li").length === 1);
  // The first tab doesn't know yet: what it changes is refused, and it shows what there is.
  await first.fill("#objects li:nth-child(1) input[type=text]", "late");
  await first.press("#objects li:nth-child(1) input[type=text]", "Tab");
  await first.waitForFunction(() => /another tab/.test(document.querySelector("#status").textContent));
  assert.equal((await first.$$("#objects li")).length, 1);
  first.problems = first.problems.filter(p => !p.includes("412"));

  await go(first, 0);
  await first.click("#follow [data-direction=forward]");
  await first.click("#follow-cancel");
  await first.waitForFunction(() => /Following was ended/.test(document.querySelector("#status").textContent));
  // One that was called off before its first frame is answered 409.
  first.problems = first.problems.filter(p => !p.includes("409"));
  clean(first);
  clean(second);
  await second.context().close();
  await first.context().close();
}

/** Without SAM 2 a video is looked at, and the page says what it takes. */
export async function withoutSam(browser, url) {
  const page = await tab(browser, { colorScheme: "dark" });
  await page.goto(url);
  await page.waitForSelector("#files button");
  await page.setInputFiles("#open", { name: "drawn.gif", mimeType: "image/gif", buffer: fs.readFileSync(process.env.KERF_CLIP) });
  await ready(page);
  assert.match(await page.textContent("#film-hint"), /kerf weights fetch sam2\.1-tiny/);
  await go(page, 3);
  assert.ok(await page.isDisabled("#follow [data-direction=forward]"));
  await page.screenshot({ path: `${OUT}/video-without.png` });
  clean(page);
  await page.context().close();
}
