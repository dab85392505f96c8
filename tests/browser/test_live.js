/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The page of `dwell serve` that asks for new windows, from a server that answers what the test wants; see harness.js. */
'use strict';

const http = require('node:http');
const {assert, fs, file, sample, readFolded, total, test, state, until, main} = require('./harness.js');

/* What the next request gets: the name of a sample, a status with a text, or null: nothing for now. */
let next = 'small';
let waiting = [];
let asked = 0;

function reply(response) {
	const refused = typeof next === 'object';

	response.writeHead(refused ? next.status : 200, {'Content-Type': refused ? 'text/plain' : 'text/html; charset=utf-8'});
	response.end(refused ? next.text : fs.readFileSync(file(next + '.live.html')));
}

const server = http.createServer((request, response) => {
	asked++;
	waiting.push(response);
	if (asked === 1)
		deliver('small');
});

/* Answers all that wait, each as @what. */
function deliver(what) {
	next = what;
	for (const response of waiting)
		reply(response);
	waiting = [];
}

const said = (page) => page.textContent('#live-said');
const totalOf = (page) => page.evaluate(() => window.dwell.total_us);
const isWaiting = (page) => until('it asks again', () => waiting.length > 0);

function liveTest(name, run) {
	const options = {url: 'about:blank', expected: /status of 503/};

	test('live: ' + name, options, async (page) => {
		const at = `http://127.0.0.1:${server.address().port}`;

		options.origin = at;
		asked = 0;
		waiting = [];
		await page.goto(at + '/flamegraph?seconds=1');
		await isWaiting(page);
		await run(page);
		deliver('small');
	});
}

liveTest('the next window is shown with what was chosen', async (page) => {
	assert.strictEqual(await totalOf(page), total(readFolded('small.folded')));
	await page.evaluate(() => {
		window.dwell.setReasons(['lock', 'net']);
		window.dwell.search('wait');
		window.dwell.invert();
	});
	const before = await state(page);

	deliver('small');
	await isWaiting(page);
	assert.deepStrictEqual(await state(page), before);
	deliver('server');
	await isWaiting(page);
	assert.strictEqual(await totalOf(page), total(readFolded('server.folded')));
	assert.deepStrictEqual({...await state(page), levels: 0, zoom: [], focus: []}, {...before, levels: 0, zoom: [], focus: []});
	assert.match(await said(page), /^the 1 s up to \d/);
	const rows = await page.evaluate(() => {
		window.dwell.reset();
		return window.dwell.rows.length;
	});
	assert.strictEqual(rows, readFolded('server.folded').length);
});

liveTest('a zoom leads as deep as the next window has it', async (page) => {
	const stacks = readFolded('small.folded').map((row) => row.stack.split(';')).sort((a, b) => b.length - a.length);

	await page.evaluate((names) => window.dwell.zoomTo(names), stacks[0]);
	deliver('small');
	await isWaiting(page);
	assert.deepStrictEqual((await state(page)).zoom, stacks[0]);
	deliver('server');
	await isWaiting(page);
	assert.deepStrictEqual((await state(page)).zoom, []);
});

liveTest('a window without anything, and one after it', async (page) => {
	deliver('empty');
	await isWaiting(page);
	assert.ok(await page.isVisible('.empty') && !await page.isVisible('#viewer'));
	deliver('small');
	await isWaiting(page);
	assert.ok(!await page.isVisible('.empty') && await page.isVisible('#viewer'));
	assert.strictEqual(await page.textContent('#total-cnt'), await page.evaluate(() => String(
		window.dwell.state && document.getElementById('total-cnt').dataset.all)));
});

liveTest('paused, nothing is asked and nothing changes', async (page) => {
	const seen = asked;

	await page.click('#live');
	assert.strictEqual(await page.getAttribute('#live', 'aria-pressed'), 'false');
	deliver('server');
	await new Promise((resume) => setTimeout(resume, 300));
	assert.deepStrictEqual([asked, await totalOf(page)], [seen, total(readFolded('small.folded'))]);
	await page.click('#live');
	await isWaiting(page);
	deliver('server');
	await until('the new one', async () => await totalOf(page) === total(readFolded('server.folded')));
});

liveTest('an answer that is none is told, and asked for again', async (page) => {
	deliver({status: 503, text: 'too many ask at once\n'});
	await until('what went wrong is said', async () => /too many ask at once/.test(await said(page)));
	assert.strictEqual(await totalOf(page), total(readFolded('small.folded')));
	await isWaiting(page);
	deliver('server');
	await until('the new one', async () => await totalOf(page) === total(readFolded('server.folded')));
	assert.match(await said(page), /^the 1 s up to/);
});

liveTest('threads stay in the order that was chosen', async (page) => {
	const order = () => page.evaluate(() => [...document.querySelectorAll('#threads th')].map((th) =>
		th.getAttribute('aria-sort')));

	await page.click('#threads th:nth-child(5) button');
	const before = await order();

	deliver('server');
	await isWaiting(page);
	assert.deepStrictEqual(await order(), before);
	await until('its threads', async () => Number((await page.textContent('section[aria-label="threads"] h2'))
		.match(/\d+/)[0]) === await page.locator('#threads tbody tr').count());
});

server.listen(0, '127.0.0.1', () => main(() => {
	for (const name of ['small', 'server', 'empty'])
		sample(name, name, '.live.html', '.folded');
}));
