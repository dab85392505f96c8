/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The HTML viewer and the SVG in a real browser; harness.js says how to run it. */
'use strict';

const {isDeepStrictEqual} = require('node:util');
const zlib = require('node:zlib');
const {assert, fs, file, url, sample, readFolded, total, matching, byStack, test, state, close, clickFrame, pixel, until,
	main} = require('./harness.js');

/* ---- HTML ---- */

for (const name of ['small', 'wakers', 'hostile', 'server', 'empty'])
	test(`html ${name}: the rows are those of the folded file`, {url: url(name + '.html')}, async (page) => {
		const want = readFolded(name + '.folded');
		const got = await page.evaluate(() => ({
			rows: window.dwell.rows, total: window.dwell.total_us, shown: window.dwell.shown_us,
		}));

		assert.deepStrictEqual(got.rows.sort(byStack), want.sort(byStack));
		assert.strictEqual(got.total, total(want));
		assert.strictEqual(got.shown, total(want));
	});

test('html: search tells the share of the time', {url: url('server.html')}, async (page) => {
	const rows = readFolded('server.folded');
	const cases = [['epoll', /epoll/i], ['^main$', /^main$/i], ['futex|fsync', /futex|fsync/i],
		['Exec', /Exec/], ['EXEC', /EXEC/], ['exec', /exec/i], ['no such frame', /no such frame/],
		['postgres', /postgres/i], ['.', /./]];

	for (const [text, re] of cases) {
		const got = await page.evaluate((t) => window.dwell.search(t), text);

		assert.strictEqual(got.matched_us, matching(rows, re), text);
		close(got.pct, 100 * matching(rows, re) / total(rows));
	}
	assert.strictEqual(await page.evaluate(() => window.dwell.search(/EPOLL/gi).matched_us),
		matching(rows, /epoll/));
	assert.strictEqual(await page.evaluate(() => window.dwell.search('(')), null);
	assert.strictEqual(await page.getAttribute('#search', 'aria-invalid'), 'true');
	assert.match(await page.textContent('#matched'), /not a regular expression/);
});

test('html: search by keyboard, matches get their colour, Escape ends it', {url: url('small.html')}, async (page) => {
	const before = await pixel(page, ['app', 'main']);

	await page.keyboard.press('/');
	await page.keyboard.type('^main$');
	await page.keyboard.press('Enter');
	assert.match(await page.textContent('#matched'), /^matched 76\.24 % \(1\.601 s\)$/);
	await until('the colour of a match', async () => isDeepStrictEqual(await pixel(page, ['app', 'main']), [0xb5, 0x17, 0x7f]));
	await page.keyboard.press('Escape');
	await until('no match', async () => await page.textContent('#matched') === '');
	await until('the colour before', async () => isDeepStrictEqual(await pixel(page, ['app', 'main']), before));
});

test('html: a click zooms, breadcrumbs lead back, reset shows all', {url: url('small.html')}, async (page) => {
	const crumbs = () => page.$$eval('#path button', (list) => list.map((b) => b.textContent));
	const width = (names) => page.evaluate((n) => window.dwell.locate(n)?.width, names);
	const all = await width([]);

	assert.ok(await page.isDisabled('#reset'));
	close(await width(['app', 'main']) / all, 1601000 / 2100001);
	await clickFrame(page, ['app', 'main', 'read_all']);
	assert.deepStrictEqual((await state(page)).zoom, ['app', 'main', 'read_all']);
	assert.deepStrictEqual(await crumbs(), ['all', 'app', 'main', 'read_all']);
	assert.strictEqual(await width(['app', 'main', 'read_all']), all);
	assert.strictEqual(await width(['app', 'main']), all);
	assert.strictEqual(await width(['app', 'thread_start']), undefined);
	await page.click('#path li:nth-child(3) button');
	assert.deepStrictEqual((await state(page)).zoom, ['app', 'main']);
	await page.click('#reset');
	assert.deepStrictEqual((await state(page)).zoom, []);
	assert.ok(await page.isDisabled('#reset'));
	assert.strictEqual(await page.evaluate(() => window.dwell.zoomTo(['app', 'nobody'])), false);
});

test('html: the keyboard moves, zooms and inverts', {url: url('small.html')}, async (page) => {
	const press = async (...keys) => {
		for (const key of keys)
			await page.keyboard.press(key);
		return state(page);
	};

	await page.focus('#canvas');
	assert.deepStrictEqual((await press('ArrowDown', 'ArrowDown')).focus, ['app', 'main']);
	assert.deepStrictEqual((await press('ArrowRight')).focus, ['app', 'thread_start']);
	assert.deepStrictEqual((await press('ArrowRight')).focus, ['app', 'thread_start']);
	assert.deepStrictEqual((await press('ArrowLeft', 'ArrowDown')).focus, ['app', 'main', 'lock_it']);
	assert.match(await page.textContent('#status'), /^lock_it: 1,002,000 us, 47\.71 %, self 0 us, 12 intervals$/);
	assert.deepStrictEqual((await press('Enter')).zoom, ['app', 'main', 'lock_it']);
	assert.deepStrictEqual((await press('ArrowUp')).focus, ['app', 'main']);
	assert.deepStrictEqual((await press('Escape')).zoom, []);
	assert.strictEqual((await press('i')).flame, true);
	await page.focus('#canvas');
	assert.deepStrictEqual((await press('ArrowUp')).focus, ['app']);
	assert.deepStrictEqual((await press('ArrowDown')).focus, []);
	assert.strictEqual((await press('i')).flame, false);
	/* In the search field they are letters. */
	await press('/', 'i');
	assert.strictEqual(await page.inputValue('#search'), 'i');
	assert.strictEqual((await state(page)).flame, false);
});

test('html: inverted, the root is at the bottom', {url: url('small.html')}, async (page) => {
	const y = (names) => page.evaluate((n) => window.dwell.locate(n).y, names);

	assert.ok(await y(['app']) < await y(['app', 'main']));
	await page.click('#invert');
	assert.ok(await y(['app']) > await y(['app', 'main']));
	await clickFrame(page, ['app', 'main', 'lock_it', '-']);
	assert.deepStrictEqual((await state(page)).zoom, ['app', 'main', 'lock_it', '-']);
});

test('html: reasons filter the picture', {url: url('small.html')}, async (page) => {
	const shown = () => page.evaluate(() => window.dwell.shown_us);
	const box = (name) => page.getByRole('checkbox', {name, exact: true});

	await box('lock').uncheck();
	assert.strictEqual(await shown(), 2100001 - 1001000 - 499000);
	assert.strictEqual(await page.textContent('#total-time'), '600.0 ms of 2.100 s');
	assert.strictEqual(await page.textContent('#total-cnt'), '10 of 26');
	/* The stack that waited for two reasons keeps the other one. */
	assert.strictEqual(await page.evaluate(() => window.dwell.search('lock_it').matched_us), 1000);
	assert.ok(await page.evaluate(() => !window.dwell.zoomTo(['app', 'thread_start'])));
	await page.getByRole('button', {name: 'only disk'}).click();
	assert.strictEqual(await shown(), 500000);
	assert.ok(!await box('sleep').isChecked() && await box('disk').isChecked());
	close((await page.evaluate(() => window.dwell.search('vfs_read'))).pct, 100);
	await box('disk').uncheck();
	assert.strictEqual(await shown(), 0);
	await page.click('#reset');
	assert.strictEqual(await shown(), 2100001);
	assert.ok(await box('lock').isChecked());
	assert.strictEqual(await page.textContent('#total-time'), '2.100 s');
});

test('html: the tooltip tells time, share and self', {url: url('small.html')}, async (page) => {
	const at = await page.evaluate(() => window.dwell.locate(['app', 'main', 'lock_it', '-', 'futex_wait', 'schedule']));

	await page.mouse.move(at.x, at.y);
	assert.ok(await page.isVisible('#tip'));
	const text = await page.innerText('#tip');

	assert.match(text, /^schedule\nkernel, \[kernel\]\n/);
	assert.match(text, /1,002,000 us \(1\.002 s\)/);
	assert.match(text, /of total\s+47\.71 %/);
	assert.match(text, /self\s+1,002,000 us \(47\.71 %\)/);
	assert.match(text, /longest\s+300\.0 ms/);
	await page.mouse.move(5, 5);
	assert.ok(!await page.isVisible('#tip'));
});

test('html: the table has every thread and sorts', {url: url('small.html')}, async (page) => {
	const threads = JSON.parse(fs.readFileSync(file('small.json'), 'utf8')).threads;
	const cells = () => page.$$eval('#threads tbody tr', (rows) =>
		rows.map((r) => [...r.cells].map((c) => c.textContent)));
	const header = (name) => page.locator('#threads th button', {hasText: name});

	await page.waitForSelector('#threads tbody tr');
	let rows = await cells();
	assert.deepStrictEqual(rows.map((r) => r.slice(0, 3)),
		threads.map((t) => [String(t.pid), String(t.tid), t.comm]));
	assert.deepStrictEqual(rows[0].slice(3),
		['400.0 ms', '1.501 s', '400 us', '15', '99.00 ms', 'waiting']);
	assert.deepStrictEqual(rows[2].slice(3), ['0', '0', '0', '0', '', '']);
	assert.deepStrictEqual(rows[3].slice(3), ['unknown', 'unknown', 'unknown', 'unknown', '', 'kernel']);
	await header('on CPU').click();
	assert.deepStrictEqual((await cells()).map((r) => r[1]), ['101', '100', '102', '200']);
	assert.strictEqual(await page.getAttribute('#threads th:nth-child(4)', 'aria-sort'), 'descending');
	await header('on CPU').click();
	assert.strictEqual((await cells())[3][1], '101');
	await header('name').click();
	rows = await cells();
	assert.deepStrictEqual(rows.map((r) => r[2]), ['app', 'kworker/0:1', 'sleeper', 'worker']);
});

test('html: the header tells what is lost and hidden', {url: url('small.html')}, async (page) => {
	const text = await page.innerText('header');

	assert.match(text, /lost 2\.500 ms in 4 intervals/);
	assert.match(text, /hidden by --reason or --no-idle 3\.000 ms/);
	assert.match(text, /window 2\.000 s/);
	assert.strictEqual(await page.title(), 'app (pid 100), 2.0 s');
});

test('html hostile: names stay text', {url: url('hostile.html')}, async (page) => {
	assert.strictEqual(await page.$$eval('svg, b:not([id]):not(.facts b)', (list) =>
		list.filter((el) => el.textContent.includes('alert')).length), 0);
	/* The data, and what draws: modules, the graph, functions, the timeline. */
	assert.strictEqual(await page.evaluate(() => document.scripts.length), 5);
	assert.ok(await page.evaluate(() => window.dwell.zoomTo(['</title><svg onload=alert(1)>', '</script><script>alert(1)</script>'])));
	assert.match(await page.innerText('#path'), /<\/script><script>/);
	await page.waitForSelector('#threads tbody tr');
	assert.ok(!/[\x00-\x08\x1b\u202e]/.test(await page.innerText('body')));
});

test('html empty: says so', {url: url('empty.html')}, async (page) => {
	assert.match(await page.innerText('main'), /No off-CPU time was seen/);
	assert.ok(!await page.isVisible('#graph'));
});

test('html: a link keeps zoom, search and reasons',
	{url: url('small.html', '#zoom=app;main&search=lock&reasons=lock,disk&view=flame')}, async (page) => {
		const now = await state(page);

		assert.deepStrictEqual(now.zoom, ['app', 'main']);
		assert.deepStrictEqual(now.reasons, ['lock', 'disk']);
		assert.strictEqual(now.pattern, 'lock');
		assert.strictEqual(now.flame, true);
		await page.evaluate(() => window.dwell.zoomTo(['app']));
		assert.match(await page.evaluate(() => location.hash), /^#zoom=app&search=lock&reasons=lock,disk&view=flame$/);
	});

test('html: a damaged link shows the whole', {url: url('small.html', '#zoom=%E0%A4%A&reasons=x&search=(')}, async (page) => {
	await page.evaluate(() => window.dwell.reset());
	assert.strictEqual(await page.evaluate(() => window.dwell.shown_us), 2100001);
});

test('html: dark by preference, light on paper', {url: url('small.html'), context: {colorScheme: 'dark'}}, async (page) => {
	const sum = async () => (await pixel(page, ['app', 'main'])).reduce((a, b) => a + b);
	const night = await sum();

	await page.emulateMedia({colorScheme: 'light'});
	await until('a light page', async () => await sum() > night + 150);
	const day = await sum();

	await page.emulateMedia({colorScheme: 'dark'});
	await until('a dark page', async () => await sum() === night);
	await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
	assert.strictEqual(await sum(), day);
	assert.ok((await page.pdf()).length > 5000);
});

for (const colorScheme of ['light', 'dark'])
	test(`html wakers: a colour of their own, ${colorScheme}`, {url: url('wakers.html'), context: {colorScheme}}, async (page) => {
		const stack = ['app', 'main', 'pipe_read', '--', 'try_to_wake_up', 'pipe_write', 'feed', 'feeder'];
		const order = async (cnt) => {
			const rgb = await pixel(page, stack.slice(0, cnt));

			return ['r', 'g', 'b'].sort((a, b) => rgb['rgb'.indexOf(b)] - rgb['rgb'.indexOf(a)]).join('');
		};

		assert.strictEqual(await order(2), 'bgr');
		assert.strictEqual(await order(3), 'rgb');
		for (let cnt = 5; cnt <= stack.length; cnt++)
			assert.strictEqual(await order(cnt), 'rbg');
		assert.match(await page.innerText('#legend'), /kernel\s+waker/);
	});

test('svg wakers: a colour of their own, and a legend', {url: url('wakers.svg')}, async (page) => {
	assert.strictEqual(await page.$$eval('[class^="waker"]', (list) => list.length), 7);
	assert.ok(await page.$$eval('text', (list) => list.some((el) => el.textContent === 'waker')));
});

/* A comparison's folded file as [{stack, base_us, us}]. */
const readChange = () => fs.readFileSync(file('change.folded'), 'utf8').split('\n').filter(Boolean).map((line) => {
	const [, stack, before, now] = line.match(/^(.*) (\d+) (\d+)$/);

	return {stack, base_us: Number(before), us: Number(now)};
});

for (const colorScheme of ['light', 'dark'])
	test(`html change: red is more, blue is less, ${colorScheme}`, {url: url('change.html'), context: {colorScheme}}, async (page) => {
		const rows = readChange(), nodes = await page.evaluate(() => window.dwell.differences);
		const below = (path, what) => rows.filter((row) => !path || (row.stack + ';').startsWith(path + ';'))
			.reduce((sum, row) => sum + row[what], 0);
		let more = 0, less = 0;

		assert.ok(rows.some((row) => row.base_us && !row.us), 'no stack is gone');
		for (const node of nodes) {
			assert.strictEqual(node.us, below(node.path, 'us'), node.path);
			assert.strictEqual(node.base_us, below(node.path, 'base_us'), node.path);
		}
		for (const node of nodes.filter((n) => n.path)) {
			if (!await page.evaluate((n) => window.dwell.locate(n), node.path.split(';')))
				continue;
			const [r, , b] = await pixel(page, node.path.split(';'));

			more += node.us > node.base_us && r > b + 10;
			less += node.us < node.base_us && b > r + 10;
			assert.strictEqual(Math.sign(node.us - node.base_us), r > b + 10 ? 1 : b > r + 10 ? -1 : 0, node.path);
		}
		assert.ok(more > 2 && less > 2, `${more} red, ${less} blue`);
		assert.match(await page.innerText('#legend'), /more than before\s+less than before/);
		assert.ok(!await page.isVisible('#reasons') && !await page.isVisible('#threads'));
	});

test('html change: the tooltip tells what it was', {url: url('change.html')}, async (page) => {
	const grown = readChange().find((row) => row.us > row.base_us);
	const at = await page.evaluate((n) => window.dwell.locate(n), grown.stack.split(';'));

	await page.mouse.move(at.x, at.y);
	const text = (await page.innerText('#tip')).replace(/,/g, '');

	assert.match(text, new RegExp(`before\\s+${grown.base_us} us`));
	assert.match(text, new RegExp(`difference\\s+\\+${grown.us - grown.base_us} us`));
});

test('svg change: red is more, blue is less', {url: url('change.svg')}, async (page) => {
	const rows = readChange();
	/* [red, blue] of the frames where a row ends, by what their titles say of it. */
	const fills = (row) => page.$$eval('.f', (list, before) => list
		.filter((el) => el.querySelector('title').textContent.replace(/,/g, '').includes(before))
		.map((el) => getComputedStyle(el.querySelector('rect')).fill.match(/\d+/g).map(Number)),
	` self ${row.us} us before ${row.base_us} us`);

	for (const row of rows.filter((r) => r.us > 1000)) {
		const [[r, , b]] = await fills(row);

		assert.strictEqual(Math.sign(row.us - row.base_us), r > b + 10 ? 1 : b > r + 10 ? -1 : 0, row.stack);
	}
	assert.ok(rows.some((row) => row.us && row.us < row.base_us), 'nothing is less');
	assert.ok(await page.$$eval('text', (list) => list.some((el) => el.textContent === 'less than before')));
});

for (const width of [360, 768])
	test(`html: ${width} pixels are enough`, {url: url('server.html'), context: {viewport: {width, height: 800}}}, async (page) => {
		await page.waitForSelector('#threads tbody tr');
		assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
		await page.setViewportSize({width: width + 200, height: 800});
		await until('a picture as wide as the page', () => page.evaluate(() =>
			Math.abs(window.dwell.locate([]).width / document.getElementById('graph').clientWidth - 1) < 0.01));
	});

/* ---- SVG ---- */

const box = (page, name) => page.evaluate((n) => {
	const g = [...document.querySelectorAll('.f')].find((f) =>
		f.querySelector('title').textContent.split('\n')[0] === n && f.style.display !== 'none');
	const rect = g && g.querySelector('rect');

	return g && {x: Number(rect.getAttribute('x')), y: Number(rect.getAttribute('y')),
		width: Number(rect.getAttribute('width')), match: g.classList.contains('match')};
}, name);

for (const name of ['small', 'wakers', 'hostile', 'server'])
	test(`svg ${name}: well-formed, and its total is the folded file's`, {url: url(name + '.svg')}, async (page) => {
		assert.strictEqual(await page.evaluate(() => document.documentElement.localName), 'svg');
		assert.strictEqual(await page.evaluate(() => document.querySelectorAll('parsererror').length), 0);
		assert.strictEqual(await page.evaluate(() => document.querySelectorAll('script').length), 1);
		assert.strictEqual(await page.evaluate(() => window.dwell.total_us), total(readFolded(name + '.folded')));
	});

test('svg: search tells the share of the time', {url: url('server.svg')}, async (page) => {
	const rows = readFolded('server.folded');

	for (const [text, re] of [['epoll', /epoll/i], ['^main$', /^main$/i], ['Exec', /Exec/], ['futex|fsync', /futex|fsync/i]]) {
		const got = await page.evaluate((t) => window.dwell.search(t), text);

		assert.strictEqual(got.matched_us, matching(rows, re), text);
		close(got.pct, 100 * matching(rows, re) / total(rows));
	}
	assert.strictEqual(await page.evaluate(() => window.dwell.search('[')), null);
});

test('svg: ctrl-F opens the search, Escape ends it', {url: url('small.svg')}, async (page) => {
	await page.keyboard.press('Control+f');
	await page.keyboard.type('lock_it');
	assert.strictEqual(await page.textContent('#matched'), 'matched 71.48 %');
	assert.ok((await box(page, 'lock_it')).match);
	assert.ok(!(await box(page, 'main')).match);
	await page.keyboard.press('Escape');
	assert.strictEqual(await page.textContent('#matched'), ' ');
	assert.strictEqual(await page.$('#search'), null);
	await page.click('#find');
	assert.ok(await page.isVisible('#search input'));
});

test('svg: a click zooms, the buttons reset and invert', {url: url('small.svg')}, async (page) => {
	const before = await box(page, 'read_all');
	const asBefore = async () => {
		const now = await box(page, 'read_all');

		/* The script rounds coordinates, the writer cuts them. */
		assert.ok(Math.abs(now.x - before.x) < 0.02 && Math.abs(now.width - before.width) < 0.02);
		assert.strictEqual(now.y, before.y);
	};

	close(before.width, 280.45);
	await page.mouse.click(before.x + 20, before.y + 8);
	assert.strictEqual((await state(page)).zoom, 'read_all');
	close((await box(page, 'read_all')).width, 1179.5);
	close((await box(page, 'main')).width, 1179.5);
	assert.strictEqual(await box(page, 'thread_start'), undefined);
	await page.click('#reset');
	await asBefore();
	await page.click('#invert');
	assert.ok((await box(page, 'app')).y < (await box(page, 'main')).y);
	await page.click('#invert');
	await asBefore();
});

test('svg: the keyboard moves and zooms', {url: url('small.svg')}, async (page) => {
	const press = async (...keys) => {
		for (const key of keys)
			await page.keyboard.press(key);
		return state(page);
	};

	/* Tab passes the three buttons. */
	await press('Tab', 'Tab', 'Tab', 'Tab');
	assert.strictEqual(await page.evaluate(() => document.activeElement.id), 'frames');
	assert.strictEqual((await press('ArrowUp', 'ArrowUp')).focus, 'main');
	assert.strictEqual((await press('ArrowRight')).focus, 'thread_start');
	assert.match(await page.textContent('#info'), /^thread_start: app, 499,000 us, 23\.8 %$/);
	assert.strictEqual((await press('ArrowLeft', 'Enter')).zoom, 'main');
	assert.strictEqual((await press('ArrowDown')).focus, 'app');
	assert.strictEqual((await press('Escape')).zoom, 'all');
	assert.strictEqual((await press('i')).inverted, true);
});

test('svg: a picture without JavaScript', {url: url('server.svg'), context: {javaScriptEnabled: false}}, async (page) => {
	assert.ok(await page.getByText('PostgresMain', {exact: true}).first().isVisible());
	assert.ok(!await page.isVisible('#find'));
});

test('svg empty: says so', {url: url('empty.svg')}, async (page) => {
	assert.match(await page.evaluate(() => document.documentElement.textContent), /No off-CPU time was seen/);
});

/* ---- a large profile ---- */

test('100,000 stacks stay fluid', {url: 'about:blank'}, async (page) => {
	const report = sample('100000', 'big', '.html', '.svg', '.folded');
	const seconds = (name) => Number(report.match(new RegExp(name + ': ([\\d.]+) s'))[1]);

	await page.goto(url('big.html'));
	const times = await page.evaluate(async () => {
		const took = {};
		const time = (name, run) => {
			const start = performance.now();

			run();
			took[name] = Math.round(performance.now() - start);
		};

		await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
		took.paint = Math.round(performance.getEntriesByName('first-contentful-paint')[0].startTime);
		time('search', () => window.dwell.search('leaf_77'));
		time('zoom', () => window.dwell.zoomTo(['thread-3']));
		time('reasons', () => window.dwell.setReasons(['lock']));
		return took;
	});

	console.log('     ' + JSON.stringify({html_s: seconds('html'), svg_s: seconds('svg'), ...times}));
	await page.evaluate(() => window.dwell.reset());
	assert.strictEqual(await page.evaluate(() => window.dwell.total_us), total(readFolded('big.folded')));
	/* Of what the same stacks take as folded lines, packed. */
	assert.ok(fs.statSync(file('big.html')).size <= 3 * zlib.gzipSync(fs.readFileSync(file('big.folded'))).length);
	assert.ok(times.paint <= 1000, 'first paint after ' + times.paint + ' ms');
	assert.ok(times.search < 1000 && times.zoom < 1000 && times.reasons < 1000);
	if (!report.includes('sanitized'))
		assert.ok(seconds('html') < 1 && seconds('svg') < 2, report);
});

main(() => {
	for (const name of ['small', 'wakers', 'hostile', 'server', 'empty'])
		sample(name, name, '.html', '.svg', '.folded', '.json');
	sample('change', 'change', '.html', '.svg', '.folded');
});
