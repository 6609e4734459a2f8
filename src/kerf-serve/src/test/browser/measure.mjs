// How long a hover takes, in the browser, over the pictures named: node measure.mjs URL PICTURE=WIDTHxHEIGHT…

import { launch, openPicture, place, tab } from "./driver.mjs";

const [url, ...pictures] = process.argv.slice(2);
const WARM = 20, COUNT = 100;
const browser = await launch();
const page = await tab(browser, { viewport: { width: 1280, height: 800 } });
const began = performance.now();
await page.goto(url);
await page.waitForSelector("#files button");
console.log(`page ${Math.round(performance.now() - began)} ms`);
for (const picture of pictures) {
  const [, name, width, height] = /^(.*)=(\d+)x(\d+)$/.exec(picture);
  const start = performance.now();
  await openPicture(page, url, name);
  const looked = performance.now() - start;
  const times = [];
  for (let i = 0; i < WARM + COUNT; i++) {
    // Nothing is asked of the page while it answers.
    await page.evaluate(() => {
      const canvas = document.querySelector("#canvas");
      delete canvas.dataset.hoverMs;
      window.answered = new Promise(done => new MutationObserver((_, o) => {
        if (canvas.dataset.hoverMs) {
          o.disconnect();
          done(Number(canvas.dataset.hoverMs));
        }
      }).observe(canvas, { attributes: true }));
    });
    const t = i / (WARM + COUNT);
    await page.mouse.move(...await place(page, width * (0.1 + 0.8 * t), height * (0.5 + 0.35 * Math.sin(9 * t)), Number(width), Number(height)));
    times.push(await page.evaluate(() => window.answered));
  }
  const sorted = times.slice(WARM).sort((a, b) => a - b);
  console.log(`${name}: looked at in ${Math.round(looked)} ms, hover ${Math.round(sorted[COUNT / 2])} ms, 95 % within ${Math.round(sorted[Math.ceil(0.95 * COUNT) - 1])} ms`);
}
await browser.close();
