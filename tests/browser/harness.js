/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the tests of pages share: a real browser, samples, and a frame around each test.
 *
 *	node tests/browser/test_X.js MAKE_SAMPLE DIR
 *
 * MAKE_SAMPLE is the built make_sample.c; files and npm's packages go to DIR. $CHROMIUM names the
 * browser (/usr/bin/chromium). Exits with 77, and says why, where there is no browser or no npm.
 */
'use strict';

const assert = require('node:assert');
const {execFileSync} = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
	'--disable-background-networking', '--disable-component-update', '--disable-sync'];
const [, , makeSample, dirArg] = process.argv;
const dir = path.resolve(dirArg || '.');
const file = (name) => path.join(dir, name);
const url = (name, hash) => 'file://' + file(name) + (hash || '');

function skip(why) {
	console.log(path.basename(process.argv[1]) + ': skipped: ' + why);
	process.exit(77);
}

const installed = (name) => path.join(dir, 'node_modules', name);

function loadPlaywright(packages) {
	const names = ['playwright-core', ...packages];

	if (!fs.existsSync(CHROMIUM))
		skip(CHROMIUM + ' is not there (apt-get install chromium, or set $CHROMIUM)');
	if (!names.every((name) => fs.existsSync(installed(name)))) {
		fs.copyFileSync(path.join(__dirname, 'package.json'), file('package.json'));
		try {
			execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'],
				{cwd: dir, stdio: 'pipe', timeout: 120000});
		} catch (e) {
			skip(`npm install ${names.join(' ')} failed: ` + e.message.split('\n')[0]);
		}
	}
	return require(installed('playwright-core')).chromium;
}

function sample(what, name, ...exts) {
	return execFileSync(makeSample, [what, ...exts.map((ext) => file(name + ext))],
		{encoding: 'utf8'});
}

/* The folded file as [{stack, us}]. */
function readFolded(name) {
	return fs.readFileSync(file(name), 'utf8').split('\n').filter(Boolean).map((line) => {
		const at = line.lastIndexOf(' ');

		return {stack: line.slice(0, at), us: Number(line.slice(at + 1))};
	});
}

const total = (rows) => rows.reduce((sum, row) => sum + row.us, 0);
const matching = (rows, re) => total(rows.filter((row) => row.stack.split(';').some((f) => re.test(f))));
const byStack = (a, b) => (a.stack < b.stack ? -1 : a.stack > b.stack ? 1 : 0);

/* ---- the frame around a test ---- */

const tests = [];
const test = (name, options, run) => tests.push({name, options, run});
let browser;

/* A fresh page that fails the test for any error, dialog, or request that leaves the file, but for options.expected and options.origin. */
async function open(what, options = {}) {
	const context = await browser.newContext({viewport: {width: 1200, height: 900}, ...options.context});
	const page = await context.newPage();
	const bad = [];

	page.on('pageerror', (e) => bad.push('error: ' + e.message));
	page.on('console', (m) => {
		/* pixel() reads the canvas, which the viewer itself never does. */
		if (!m.text().includes('willReadFrequently') && !(options.expected && options.expected.test(m.text())))
			bad.push('console: ' + m.text());
	});
	page.on('dialog', (d) => {
		bad.push('dialog: ' + d.message());
		d.dismiss();
	});
	page.on('request', (r) => {
		const at = new URL(r.url());

		if (!['file:', 'data:'].includes(at.protocol) && at.origin !== options.origin)
			bad.push('request: ' + r.url());
	});
	await page.goto(what);
	return {page, bad, context};
}

async function runOne({name, options, run}) {
	const {page, bad, context} = await open(options.url, options);

	try {
		await run(page);
		assert.deepStrictEqual(bad, []);
		console.log('ok   ' + name);
		return true;
	} catch (e) {
		console.log('FAIL ' + name + ': ' + e.message.split('\n').slice(0, 8).join('\n     '));
		return false;
	} finally {
		await context.close();
	}
}

const state = (page) => page.evaluate(() => window.dwell.state);
const close = (a, b) => assert.ok(Math.abs(a - b) < 0.005, a + ' is not ' + b);

async function clickFrame(page, names) {
	const at = await page.evaluate((n) => window.dwell.locate(n), names);

	assert.ok(at, names.join(';') + ' is not drawn');
	await page.mouse.click(at.x, at.y);
}

/* The colour of a frame's left edge, where no text is. */
const pixel = (page, names) => page.evaluate((n) => {
	const at = window.dwell.locate(n), canvas = document.getElementById('canvas');
	const rect = canvas.getBoundingClientRect(), scale = window.devicePixelRatio;

	return [...canvas.getContext('2d').getImageData((at.x - at.width / 2 + 1.5 - rect.left) * scale,
		(at.y - 7 - rect.top) * scale, 1, 1).data].slice(0, 3);
}, names);

/* The page draws in frames of its own, and a busy machine has few: asks until it did, or for as long as a test may take. */
const until = async (what, holds) => {
	for (let i = 0; !await holds(); i++) {
		assert.ok(i < 200, 'never: ' + what);
		await new Promise((resume) => setTimeout(resume, 50));
	}
};

/* Runs all tests, once make() has written the samples. They need @packages of package.json, too. */
async function main(make, ...packages) {
	if (!makeSample || !dirArg) {
		console.error('usage: node TEST MAKE_SAMPLE DIR');
		process.exit(2);
	}
	fs.mkdirSync(dir, {recursive: true});
	const chromium = loadPlaywright(packages);

	make();
	try {
		browser = await chromium.launch({executablePath: CHROMIUM, args: FLAGS});
	} catch (e) {
		skip(CHROMIUM + ' does not start: ' + e.message.split('\n')[0]);
	}
	let failed = 0;

	for (const t of tests)
		failed += await runOne(t) ? 0 : 1;
	await browser.close();
	console.log(`${tests.length - failed} passed, ${failed} failed`);
	process.exit(failed ? 1 : 0);
}


module.exports = {assert, fs, file, installed, url, sample, readFolded, total, matching, byStack, test, state, close, clickFrame,
	pixel, until, main};
