/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The parts of the page around the flame graph: timeline, functions, one thread, modules, copying. */
// lane: long
'use strict';

const {assert, fs, file, url, sample, readFolded, total, test, state, close, clickFrame, until, main} = require('./harness.js');

const readWaits = (name) => fs.readFileSync(file(name + '.waits.ndjson'), 'utf8').split('\n').filter(Boolean).map(JSON.parse);
const rowsOf = (page) => page.evaluate(() => window.dwell.rows);

/* ---- timeline ---- */

/* By the single waits of the same profile: what most of each column went to. */
function cellsByHand(waits, tid, start, column_ns, columns) {
	const sums = Array.from({length: columns}, () => ({}));

	for (const w of waits) {
		const from = Number(BigInt(w.start) - start), wake = from + w.blocked_ns, to = wake + w.runnable_ns;

		if (w.tid !== tid)
			continue;
		for (const [a, b, kind] of [[from, wake, w.reason], [wake, to, 'runnable']])
			for (let c = Math.floor(a / column_ns); c * column_ns < b; c++)
				sums[c][kind] = (sums[c][kind] || 0) + Math.min(b, (c + 1) * column_ns) - Math.max(a, c * column_ns);
	}
	return sums;
}

for (const name of ['small', 'wakers', 'hostile'])
	test(`timeline ${name}: cells are what the single waits say`, {url: url(name + '.html')}, async (page) => {
		const text = fs.readFileSync(file(name + '.waits.ndjson'), 'utf8').split('\n').filter(Boolean);
		/* Nanoseconds since 1970 are more than a double holds. */
		const waits = text.map((l) => ({...JSON.parse(l), start: l.match(/"start_ns":(\d+)/)[1]}));
		const start = BigInt(fs.readFileSync(file(name + '.json'), 'utf8').match(/"start_realtime_ns":(\d+)/)[1]);
		const got = await page.evaluate(() => {
			const t = window.dwell.timeline, tids = window.dwell.shown.data.threads.map((x) => x[1]);

			return {columns: t.columns, column_ns: t.column_ns, rows: t.rows.map((r) => ({tid: tids[r.thread],
				cells: r.cells.map((c) => c && [t.kindName(t.cellKind(c)), t.cellLevel(c)])}))};
		});

		assert.ok(got.rows.length > 0);
		assert.deepStrictEqual(got.rows.map((r) => r.tid).sort(), [...new Set(waits.map((w) => w.tid))].sort());
		for (const row of got.rows) {
			const sums = cellsByHand(waits, row.tid, start, got.column_ns, got.columns);

			row.cells.forEach((cell, c) => {
				const all = Object.values(sums[c]).reduce((a, b) => a + b, 0);

				if (!all)
					return assert.strictEqual(cell, 0, `column ${c}`);
				assert.strictEqual(sums[c][cell[0]], Math.max(...Object.values(sums[c])), `column ${c} of ${row.tid}`);
				assert.strictEqual(cell[1], Math.min(4, Math.ceil(4 * all / got.column_ns)), `column ${c}`);
			});
		}
	});

test('timeline: pointing tells what was there', {url: url('small.html')}, async (page) => {
	const row = await page.evaluate(() => window.dwell.timeline.rows.findIndex((r) => r.cells.some(Boolean)));
	const column = await page.evaluate((r) => window.dwell.timeline.rows[r].cells.findIndex(Boolean), row);

	await page.locator('#timeline-canvas').scrollIntoViewIfNeeded();
	const at = await page.evaluate(([r, c]) => window.dwell.timeline.locate(r, c), [row, column]);

	await page.mouse.move(at.x, at.y);
	const want = await page.evaluate(([r, c]) => {
		const t = window.dwell.timeline;

		return t.rows[r].name + '|' + t.kindName(t.cellKind(t.rows[r].cells[c]));
	}, [row, column]);
	const said = await page.textContent('#timeline-status');

	for (const word of want.split('|'))
		assert.ok(said.includes(word), said + ' lacks ' + word);
});

test('timeline: a marked time becomes options of dwell report', {url: url('small.html')}, async (page) => {
	await page.locator('#timeline-canvas').scrollIntoViewIfNeeded();
	const [a, b] = await page.evaluate(() => [window.dwell.timeline.locate(0, 300), window.dwell.timeline.locate(0, 600)]);

	await page.mouse.move(a.x, a.y);
	await page.mouse.down();
	await page.mouse.move(b.x, b.y, {steps: 4});
	await page.mouse.up();
	const m = await page.evaluate(() => window.dwell.timeline.marked());
	const [, since, until] = m.options.match(/^--since @(\d+\.\d{6}) --until @(\d+\.\d{6})$/);
	const column = await page.evaluate(() => window.dwell.timeline.column_ns);

	close((Number(until) - Number(since)) * 1e9 / column / 301, 1);
	assert.ok((await page.textContent('#timeline-status')).includes('dwell report ' + m.options));
	assert.ok(await page.isVisible('#timeline-copy'));
	await page.locator('#timeline-canvas').focus();
	await page.keyboard.press('Escape');
	assert.strictEqual(await page.evaluate(() => window.dwell.timeline.marked()), null);
	assert.ok(!await page.isVisible('#timeline-copy'));
});

test('timeline: keys move, Enter shows the stacks of the thread', {url: url('small.html')}, async (page) => {
	await page.locator('#timeline-canvas').focus();
	const names = await page.evaluate(() => window.dwell.timeline.rows.map((r) => r.name));

	await page.keyboard.press('ArrowDown');
	assert.ok((await page.textContent('#timeline-status')).startsWith(names[1] + ' at '));
	await page.keyboard.press('Enter');
	assert.ok((await page.textContent('#thread')).includes(names[1]));
	await page.keyboard.press('Enter');
	assert.strictEqual((await state(page)).thread, -1);
});

test('timeline: there is none without single waits', {url: url('change.html')}, async (page) => {
	assert.strictEqual(await page.locator('#timeline').count(), 0);
	assert.strictEqual(await page.evaluate(() => window.dwell.timeline), undefined);
});

/* ---- one thread ---- */

for (const name of ['small', 'hostile', 'server'])
	test(`thread ${name}: the stacks of each are those of the profile, together all`, {url: url(name + '.html')}, async (page) => {
		const p = JSON.parse(fs.readFileSync(file(name + '.json'), 'utf8'));
		const cnt = await page.evaluate(() => window.dwell.shown.data.threads.length);
		let sum = 0;

		for (let i = 0; i < cnt; i++) {
			const ns = p.stacks.filter((s) => s.pid === p.threads[i].pid && s.tid === p.threads[i].tid)
				.reduce((all, s) => all + s.blocked_ns + s.runnable_ns, 0);

			await page.evaluate((pos) => window.dwell.setThread(pos), i);
			const us = await page.evaluate(() => window.dwell.shown_us);

			sum += us;
			assert.ok(Math.abs(us - ns / 1000) <= p.stacks.length, `thread ${i}: ${us} us, ${ns} ns`);
		}
		await page.evaluate(() => window.dwell.setThread(-1));
		assert.strictEqual(await page.evaluate(() => window.dwell.shown_us), await page.evaluate(() => window.dwell.total_us));
		if (p.stacks.every((s) => s.tid))
			assert.strictEqual(sum, await page.evaluate(() => window.dwell.total_us));
	});

test('thread: a click on its name, its button and reset', {url: url('small.html')}, async (page) => {
	await page.waitForSelector('#threads tbody button');
	const name = await page.textContent('#threads tbody tr:nth-child(2) button');

	await page.click('#threads tbody tr:nth-child(2) button');
	assert.ok((await page.textContent('#thread')).includes(name));
	assert.match(await page.textContent('#total-time'), / of /);
	assert.ok((await rowsOf(page)).length < readFolded('small.folded').length);
	assert.ok((await page.evaluate(() => location.hash)).includes('thread='));
	const hash = await page.evaluate(() => location.hash);

	await page.click('#thread');
	assert.strictEqual((await state(page)).thread, -1);
	await page.goto('about:blank');
	await page.goto(url('small.html', hash));
	assert.notStrictEqual((await state(page)).thread, -1);
	await page.click('#reset');
	assert.strictEqual(total(await rowsOf(page)), total(readFolded('small.folded')));
});

/* ---- functions ---- */

for (const name of ['small', 'hostile', 'server', 'wakers'])
	test(`functions ${name}: self and total are those of the stacks`, {url: url(name + '.html')}, async (page) => {
		const rows = readFolded(name + '.folded'), list = await page.evaluate(() => window.dwell.functions());
		const self = {}, all = {};

		for (const f of list) {
			self[f.name] = (self[f.name] || 0) + f.self;
			all[f.name] = Math.max(all[f.name] || 0, f.total);
		}
		assert.ok(list.length > 0);
		for (const f of Object.keys(self)) {
			const ends = rows.filter((r) => r.stack.split(';').slice(1).pop() === f || r.stack === f);
			const on = rows.filter((r) => r.stack.split(';').slice(1).includes(f));

			/* Names of processes are left out, and functions may be called as they are. */
			if (rows.some((r) => r.stack.split(';')[0] === f))
				continue;
			assert.strictEqual(self[f], total(ends), 'self of ' + f);
			if (list.filter((g) => g.name === f).length === 1)
				assert.strictEqual(all[f], total(on), 'total of ' + f);
		}
	});

test('functions: the table sorts, follows the reasons, and finds', {url: url('server.html')}, async (page) => {
	const names = () => page.$$eval('#functions tbody button', (list) => list.map((b) => b.textContent));

	await page.waitForSelector('#functions tbody tr');
	await page.click('#functions th:nth-child(3) button');
	const byTotal = await page.evaluate(() => window.dwell.functions().sort((a, b) => b.total - a.total)[0].total);

	assert.strictEqual(await page.evaluate((n) => window.dwell.functions().find((f) => f.name === n).total, (await names())[0]), byTotal);
	await page.evaluate(() => window.dwell.setReasons(['disk']));
	assert.ok((await names()).includes('mdread') && !(await names()).includes('epoll_wait'));
	await page.evaluate(() => window.dwell.reset());
	await page.click('#functions tbody button:text-is("mdread")');
	assert.match(await page.textContent('#matched'), /^matched /);
	assert.strictEqual((await state(page)).pattern, '^mdread$');
});

/* ---- modules ---- */

/* A stack of the JSON with modules in place of the functions of one that call each other. */
function byModule(p, stack) {
	const CODE = ['native', 'kernel', 'inlined', 'jit', 'python', 'go'], names = [];
	let last = '';

	for (const f of stack.frames.map((i) => p.frames[i])) {
		const key = f.module && CODE.includes(f.kind) ? f.module + (f.kind === 'kernel') : '';

		if (!key || key !== last)
			names.push(key ? f.module : f.name);
		last = key;
	}
	return names.join(';');
}

/* In "small" a function is in two modules, and so in none. */
for (const name of ['hostile', 'server', 'wakers'])
	test(`modules ${name}: functions of one that call each other are one frame`, {url: url(name + '.html')}, async (page) => {
		const p = JSON.parse(fs.readFileSync(file(name + '.json'), 'utf8')), want = {}, got = {};
		const before = await rowsOf(page);

		for (const s of p.stacks) {
			const stack = byModule(p, s);

			want[stack] = (want[stack] || 0) + s.blocked_ns + s.runnable_ns;
		}
		await page.click('#modules');
		assert.ok((await state(page)).modules);
		const after = await rowsOf(page);

		for (const r of after)
			got[r.stack] = (got[r.stack] || 0) + r.us;
		assert.strictEqual(total(after), total(before));
		for (const stack of Object.keys(got))
			assert.ok(Math.abs(got[stack] - want[stack] / 1000) <= p.stacks.length, `${stack}: ${got[stack]} us, ${want[stack]} ns`);
		for (const stack of Object.keys(want))
			assert.ok(want[stack] < 500 * p.stacks.length || stack in got, stack);
		await page.keyboard.press('m');
		assert.deepStrictEqual(await rowsOf(page), before);
	});

/* ---- copying ---- */

test('copy: the stack of the frame that has the focus', {url: url('small.html'), context: {permissions: ['clipboard-read', 'clipboard-write']}},
	async (page) => {
		await clickFrame(page, ['app', 'main', 'read_all']);
		await page.keyboard.press('c');
		assert.match(await page.textContent('#status'), /^copied: app;main;read_all$/);
		assert.strictEqual(await page.evaluate(() => navigator.clipboard.readText()), 'app;main;read_all');
		await page.click('#search');
		await page.keyboard.press('c');
		assert.strictEqual(await page.inputValue('#search'), 'c');
	});

main(() => {
	for (const name of ['small', 'wakers', 'hostile', 'server'])
		sample(name, name, '.html', '.folded', '.json', '.waits.ndjson');
	sample('change', 'change', '.html');
});
