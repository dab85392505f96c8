/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Our folded files in d3-flame-graph, the library that many pages with flame graphs are made of: what it draws is as wide as the folded lines say.
 * harness.js says how to run it.
 */
'use strict';

const {assert, installed, sample, readFolded, total, test, main} = require('./harness.js');

const WIDTH = 1100;

/* As its users do: names in a tree, times at the leaves. */
function treeOf(rows) {
	const root = {name: 'root', value: total(rows), children: []};

	for (const {stack, us} of rows) {
		let at = root;

		for (const name of stack.split(';')) {
			let next = at.children.find((c) => c.name === name);

			if (!next)
				at.children.push(next = {name, value: 0, children: []});
			next.value += us;
			at = next;
		}
	}
	return root;
}

function count(node) {
	return 1 + node.children.reduce((sum, c) => sum + count(c), 0);
}

for (const name of ['small', 'hostile', 'wakers', 'server'])
	test(`d3-flame-graph ${name}: every frame is there, as wide as its time`, {url: 'about:blank'}, async (page) => {
		const rows = readFolded(name + '.folded'), tree = treeOf(rows);

		await page.setContent('<div id="chart"></div>');
		await page.addScriptTag({path: installed('d3') + '/dist/d3.min.js'});
		await page.addScriptTag({path: installed('d3-flame-graph') + '/dist/d3-flamegraph.umd.min.js'});
		const drawn = await page.evaluate(([data, width]) => {
			/* The export of its file for browsers. */
			const make = typeof flamegraph === 'function' ? flamegraph : flamegraph.default;

			d3.select('#chart').datum(data).call(make().width(width).minFrameSize(0).transitionDuration(0));
			return d3.selectAll('#chart g.frame').data().map((d) => ({
				path: d.ancestors().map((a) => a.data.name).reverse().join(';'), value: d.value, width: (d.x1 - d.x0) * width,
			}));
		}, [tree, WIDTH]);
		const want = new Map(), all = total(rows);

		assert.strictEqual(drawn.length, count(tree));
		for (const {stack, us} of rows)
			for (let at = 'root', names = stack.split(';'); names.length;) {
				at += ';' + names.shift();
				want.set(at, (want.get(at) || 0) + us);
			}
		for (const f of drawn.filter((d) => d.path !== 'root')) {
			assert.strictEqual(f.value, want.get(f.path), f.path);
			assert.ok(Math.abs(f.width - WIDTH * f.value / all) < 0.01, f.path);
		}
	});

main(() => {
	for (const name of ['small', 'hostile', 'wakers', 'server'])
		sample(name, name, '.folded');
}, 'd3', 'd3-flame-graph');
