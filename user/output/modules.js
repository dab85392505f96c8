/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The call tree of the HTML file with modules instead of functions: frames of one module that call each other are one node, and what
 * was called out of it stands below. viewer.js says what the arrays mean.
 */
(function () {
'use strict';

const CODE = ['native', 'kernel', 'inlined', 'jit', 'python', 'go'];

/* Adds the frame of a module, and returns its number. */
function addFrame(data, module, kind) {
	data.frames.push(module, 0, kind);
	return data.frames.length / 3 - 1;
}

/* Nodes that are not yet in depth-first order, and where those of the tree went. */
function merge(data, tree) {
	const nodes = [{frame: 0, parent: -1, key: '', below: new Map()}], to = new Uint32Array(tree.cnt);
	const frames = new Map();

	for (let i = 1; i < tree.cnt; i++) {
		const f = tree.frame[i], module = data.frames[3 * f + 1], kind = data.frames[3 * f + 2];
		const isCode = module && CODE.includes(data.kinds[kind]);
		const isKernel = data.kinds[kind] === 'kernel';
		const key = isCode ? module + (isKernel ? ' kernel' : ' user') : 'frame ' + f;
		const parent = to[tree.parent[i]];

		if (isCode && nodes[parent].key === key) {
			to[i] = parent;
			continue;
		}
		if (isCode && !frames.has(key))
			frames.set(key, addFrame(data, module, data.kinds.indexOf(isKernel ? 'kernel' : 'native')));
		if (!nodes[parent].below.has(key)) {
			nodes[parent].below.set(key, nodes.length);
			nodes.push({frame: isCode ? frames.get(key) : f, parent, key, below: new Map()});
		}
		to[i] = nodes[parent].below.get(key);
	}
	return {nodes, to};
}

/* The tree and its parts; @data gets the frames that are new. */
function byModule(data, tree, parts) {
	const {nodes, to} = merge(data, tree), cnt = nodes.length;
	const place = new Uint32Array(cnt), t = {cnt};

	for (const [name, type] of [['frame', Uint32Array], ['parent', Int32Array], ['depth', Uint16Array], ['end', Uint32Array],
		['us', Float64Array], ['self', Float64Array], ['intervals', Float64Array], ['max', Float64Array], ['start', Float64Array]])
		t[name] = new type(cnt);
	let next = 0;
	const stack = [0];

	while (stack.length) {
		const node = stack.pop(), at = next++, parent = node ? place[nodes[node].parent] : -1;

		place[node] = at;
		t.frame[at] = nodes[node].frame;
		t.parent[at] = parent;
		t.depth[at] = node ? t.depth[parent] + 1 : 0;
		stack.push(...[...nodes[node].below.values()].reverse());
	}
	for (let i = cnt - 1; i >= 0; i--) {
		t.end[i] = Math.max(t.end[i], i + 1);
		if (i)
			t.end[t.parent[i]] = Math.max(t.end[t.parent[i]], t.end[i]);
	}
	return [t, {...parts, node: parts.node.map((i) => place[to[i]])}];
}

window.dwell = {byModule};
})();
