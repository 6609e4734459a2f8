// What the tests have in common: a browser, the page on a picture, and where places of the picture are on the screen.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

export const { KERF_REGIONS: REGIONS, KERF_SAM: SAM, KERF_OUT: OUT, KERF_CHROMIUM: CHROMIUM } = process.env;

export async function launch() {
  // Chromium's own sandbox doesn't work for root, which containers run as.
  return chromium.launch({ executablePath: CHROMIUM, args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
}

/** A tab in which nothing may go wrong unseen. */
export async function tab(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1020, height: 680 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.problems = [];
  page.on("console", m => m.type() === "error" && page.problems.push(m.text()));
  page.on("pageerror", e => page.problems.push(e.message));
  return page;
}

export function clean(page) {
  assert.deepEqual(page.problems, [], "the browser complains of nothing");
}

export async function openPicture(page, url, name) {
  await page.goto(url);
  await page.click(`#files button[data-name="${name}"]`);
  await ready(page);
}

export async function ready(page) {
  await page.waitForSelector("canvas[data-ready=true]");
  await page.waitForFunction(() => document.querySelector("#busy").hidden);
}

/** The screen's place of a pixel, while the picture fills the canvas as 'Fit' makes it. */
export async function place(page, x, y, width, height) {
  const box = await page.locator("#canvas").boundingBox();
  const scale = 0.96 * Math.min(box.width / width, box.height / height);
  return [box.x + (box.width - width * scale) / 2 + x * scale, box.y + (box.height - height * scale) / 2 + y * scale];
}

/** The pixels that the page says of each object; waits until there are so many objects that have some. */
export async function areas(page, count) {
  await page.waitForFunction(n => [...document.querySelectorAll("#objects .area")].filter(a => /\d/.test(a.textContent)).length === n,
    count);
  return page.$$eval("#objects .area", all => all.map(a => Number(a.textContent.replace(/\D/g, ""))));
}

export async function kept(page) {
  await page.waitForFunction(() => document.querySelector("#saved").textContent === "Saved");
}

export async function exported(page, format, file) {
  await page.selectOption("#format", format);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#export button")]);
  await download.saveAs(`${OUT}/${file}`);
  return download.suggestedFilename();
}
