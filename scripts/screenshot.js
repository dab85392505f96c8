/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* node screenshot.js URL PICTURE SCRIPT SELECTOR...: what lies between the first and the last of the elements, after the script ran in the page. */
'use strict';

const {chromium} = require('playwright-core');
const [, , url, picture, script, ...selectors] = process.argv;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync'];

(async () => {
	const browser = await chromium.launch({executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: FLAGS});
	const page = await browser.newPage({viewport: {width: 1000, height: 760}, colorScheme: 'light'});

	await page.goto(url);
	await page.waitForTimeout(300);
	if (script)
		await page.evaluate(script);
	const boxes = [];

	for (const selector of selectors)
		boxes.push(await page.locator(selector).evaluate((el) => {
			const r = el.getBoundingClientRect();

			return {top: r.top + scrollY, bottom: r.bottom + scrollY};
		}));
	const top = Math.min(...boxes.map((b) => b.top)) - 8, bottom = Math.max(...boxes.map((b) => b.bottom)) + 8;

	await page.screenshot({path: picture, fullPage: true, clip: {x: 0, y: Math.max(0, top), width: 1000, height: bottom - Math.max(0, top)}});
	await browser.close();
})();
