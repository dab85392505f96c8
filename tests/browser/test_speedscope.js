/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Our files in speedscope itself, the page that npm has, opened as its own command line tool opens them. What it has read it
 * exports again, as events; that is compared, nanosecond by nanosecond, with the JSON and the folded file of the same profile.
 * harness.js says how to run it.
 */
// lane: long
'use strict';

const {assert, fs, file, installed, sample, readFolded, test, until, main} = require('./harness.js');

const SAMPLES = ['small', 'hostile', 'wakers', 'server', '1000', 'empty'];
const MAX_THREADS = 100; /* with a profile of their own */
/* What it says on its console when all is well, and what the browser says of drawing without hardware. */
const options = {
	url: 'about:blank',
	expected: /^speedscope v|^WebGL initialized|WebGL|^Importing (as speedscope json file|as collapsed stack|from)|^import: |^Saving /,
};

/* Opens one of our files; the page is ready when speedscope has drawn it. */
async function load(page, name) {
	const script = file(name + '.load.js'), data = fs.readFileSync(file(name)).toString('base64');

	fs.writeFileSync(script, `speedscope.loadFileFromBase64(${JSON.stringify(name)}, "${data}")`);
	await page.goto('about:blank'); /* another place in the same page would not be loaded */
	await page.goto(`file://${installed('speedscope')}/dist/release/index.html#localProfilePath=${script}`);
	await page.getByText('Export').waitFor({timeout: 60000});
}

async function exported(page) {
	const download = page.waitForEvent('download');

	await page.keyboard.press('Control+s');
	return JSON.parse(fs.readFileSync(await (await download).path(), 'utf8'));
}

function add(sums, stack, value) {
	const key = stack.join(';');

	sums.set(key, (sums.get(key) || 0) + value);
}

const sorted = (sums) => [...sums].filter(([, value]) => value).sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
const sumOf = (sums) => [...sums.values()].reduce((sum, value) => sum + value, 0);

/* {stack: time} of a profile that speedscope exported: all between two events is that of the stack then. */
function selfTimes(profile, frames) {
	const sums = new Map(), stack = [];
	let last = profile.startValue;

	assert.strictEqual(profile.type, 'evented');
	for (const event of profile.events) {
		if (event.at > last)
			add(sums, stack, event.at - last);
		last = event.at;
		if (event.type === 'O')
			stack.push(frames[event.frame].name);
		else
			assert.strictEqual(stack.pop(), frames[event.frame].name);
	}
	assert.deepStrictEqual(stack, []);
	return sums;
}

/* The same of the JSON, for all threads or one. */
function expected(json, which) {
	const sums = new Map();

	for (const s of json.stacks)
		if (!which || (s.pid === which.pid && s.tid === which.tid))
			add(sums, s.frames.map((f) => json.frames[f].name), s.blocked_ns + s.runnable_ns);
	return sums;
}

const readJson = (name) => JSON.parse(fs.readFileSync(file(name + '.json'), 'utf8'));

/* The threads that the JSON has stacks of, those with the most time first. */
function threadsOf(json) {
	const sums = new Map();

	for (const s of json.stacks)
		if (s.tid)
			sums.set(`(pid ${s.pid}, tid ${s.tid})`, (sums.get(`(pid ${s.pid}, tid ${s.tid})`) || 0) + s.blocked_ns + s.runnable_ns);
	return [...sums].sort((a, b) => b[1] - a[1]);
}

for (const name of SAMPLES)
	test(`speedscope ${name}: each stack of all threads, to the nanosecond`, options, async (page) => {
		const json = readJson(name);

		await load(page, name + '.speedscope.json');
		const got = await exported(page);
		const all = selfTimes(got.profiles[0], got.shared.frames);
		const rounded = new Map([...all].map(([stack, ns]) => [stack, Math.floor((ns + 500) / 1000)]));

		assert.strictEqual(got.activeProfileIndex, 0);
		assert.strictEqual(got.profiles[0].unit, 'nanoseconds');
		assert.deepStrictEqual(sorted(all), sorted(expected(json)));
		assert.strictEqual(got.profiles[0].endValue, sumOf(expected(json)));
		assert.deepStrictEqual(sorted(rounded), sorted(new Map(readFolded(name + '.folded').map((r) => [r.stack, r.us]))));
	});

for (const name of SAMPLES)
	test(`speedscope ${name}: a profile of each thread`, options, async (page) => {
		const json = readJson(name), threads = threadsOf(json);

		await load(page, name + '.speedscope.json');
		const got = await exported(page), profiles = got.profiles.slice(1);

		assert.strictEqual(profiles.length, Math.min(threads.length, MAX_THREADS));
		profiles.forEach((profile, i) => {
			const [, pid, tid] = /\(pid (\d+), tid (\d+)\)$/.exec(profile.name).map(Number);

			assert.strictEqual(profile.endValue, threads[i][1]);
			assert.deepStrictEqual(sorted(selfTimes(profile, got.shared.frames)), sorted(expected(json, {pid, tid})));
		});
	});

test('speedscope: what it makes of the folded file is the same, but for what that rounds', options, async (page) => {
	await load(page, 'server.folded');
	const folded = await exported(page);

	await load(page, 'server.speedscope.json');
	const ours = await exported(page);
	const us = [...selfTimes(ours.profiles[0], ours.shared.frames)].map(([stack, ns]) => [stack, Math.floor((ns + 500) / 1000)]);

	assert.deepStrictEqual(sorted(new Map(us)), sorted(selfTimes(folded.profiles[0], folded.shared.frames)));
});

test('speedscope: names from hell are those of the file', options, async (page) => {
	const file_names = JSON.parse(fs.readFileSync(file('hostile.speedscope.json'), 'utf8')).shared.frames.map((f) => f.name);

	await load(page, 'hostile.speedscope.json');
	const got = await exported(page);

	assert.deepStrictEqual(new Set(got.shared.frames.map((f) => f.name)), new Set(file_names));
	for (const name of ['</script><script>alert(1)</script>', '<!-- & "quotes" \'too\' ]]>', 'Thread 7_12',
		'<[u8: 16] as core::fmt::Debug>::fmt', '\u202ereversed 中文 😀', '[unknown]', 'back\\slash \\u003c ${x} %s%n'])
		assert.ok(file_names.includes(name), name);
});

test('speedscope: the table shows who waited longest', options, async (page) => {
	const json = readJson('server'), self = new Map();

	for (const s of json.stacks) {
		const name = json.frames[s.frames.at(-1)].name;

		self.set(name, (self.get(name) || 0) + s.blocked_ns + s.runnable_ns);
	}
	await load(page, 'server.speedscope.json');
	await page.keyboard.press('3');
	await page.getByText('Symbol Name').waitFor();
	const rows = () => page.$$eval('tr', (list) => list.map((row) => [...row.cells].map((c) => c.innerText.trim())));

	await until('rows', async () => (await rows()).length > 5);
	const shown = (await rows()).filter((r) => / \(\d/.test(r[1])).map((r) => [r[2], r[1].split(' ')[0]]);
	const want = [...self].sort((a, b) => b[1] - a[1]).map(([name, ns]) => [name,
		ns >= 1e9 ? `${(ns / 1e9).toFixed(2)}s` : `${(ns / 1e6).toFixed(2)}ms`]);

	assert.deepStrictEqual(shown.slice(0, 5), want.slice(0, 5));
});

main(() => {
	for (const name of SAMPLES)
		sample(name, name, '.speedscope.json', '.json', '.folded');
}, 'speedscope');
