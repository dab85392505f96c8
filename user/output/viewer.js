/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The viewer inside the HTML file that `dwell` writes. One canvas shows the call tree; everything
 * else is ordinary HTML. The tree comes as flat arrays in depth-first order, so that what is
 * below node i are the nodes i + 1 .. end[i] - 1 and skipping a subtree is one assignment.
 *
 *   data.tree   [up, frame, ...]                  up: steps from the node before to the parent
 *   data.parts  [step, reason, us, cnt, max, ...] time that ends in a node; step: from the last one
 *   data.frames [name, module, kind, ...]         name, module: positions in data.strings
 *   data.part_threads [thread, ...]               by part, position in data.threads, -1: none; not in large files
 *   data.base_us [us, ...]                        by node, what it was before; only in a comparison
 *
 * All text is set through textContent or fillText: names are never parsed as HTML.
 */
(function () {
'use strict';

const ROW = 19;         /* CSS pixels per level */
const MIN_WIDTH = 0.5;  /* narrower frames are drawn as one grey strip with their neighbours */
const THREADS_AT_ONCE = 500;
const FONT = '12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace';

const {byModule} = window.dwell; /* modules.js */
let data = JSON.parse(document.getElementById('data').textContent);
const $ = (id) => document.getElementById(id);

function make(tag, props, ...children) {
	const el = Object.assign(document.createElement(tag), props);

	el.append(...children);
	return el;
}

/* ---- numbers for people ---- */

const fmtCnt = (v) => String(v).replace(/\B(?=(\d{3})+$)/g, ',');
const fmtUs = (us) => fmtCnt(us) + ' us';
const fmtPct = (part, whole) => (whole ? (100 * part / whole).toFixed(2) : '0.00') + ' %';

function fmtTime(us) {
	const units = [[1, 'us'], [1e3, 'ms'], [1e6, 's']];

	if (us < 1)
		return Math.round(us * 1000) + ' ns';
	for (const [size, name] of units) {
		const text = (us / size).toPrecision(4);

		if (us / size < 999.95)
			return (size === 1 && Number.isInteger(us) ? us : text) + ' ' + name;
	}
	return fmtCnt(Math.round(us / 1e6)) + ' s';
}

/* ---- the tree ---- */

function decodeTree() {
	const cnt = data.tree.length / 2 + 1;
	const t = {
		cnt,
		frame: new Uint32Array(cnt),
		parent: new Int32Array(cnt),
		depth: new Uint16Array(cnt),
		end: new Uint32Array(cnt),
		us: new Float64Array(cnt),
		self: new Float64Array(cnt),
		intervals: new Float64Array(cnt),
		max: new Float64Array(cnt),
		start: new Float64Array(cnt),
	};

	t.parent[0] = -1;
	for (let i = 1; i < cnt; i++) {
		let parent = i - 1;

		for (let up = data.tree[2 * i - 2]; up > 0; up--)
			parent = t.parent[parent];
		t.parent[i] = parent;
		t.depth[i] = t.depth[parent] + 1;
		t.frame[i] = data.tree[2 * i - 1];
	}
	for (let i = cnt - 1; i >= 0; i--) {
		t.end[i] = Math.max(t.end[i], i + 1);
		if (i)
			t.end[t.parent[i]] = Math.max(t.end[t.parent[i]], t.end[i]);
	}
	return t;
}

/* Time that ends in nodes. */
function decodeParts() {
	const cnt = data.parts.length / 5;
	const p = {
		cnt, node: new Uint32Array(cnt), reason: new Uint8Array(cnt), us: new Float64Array(cnt),
		intervals: new Float64Array(cnt), max: new Float64Array(cnt),
	};

	for (let k = 0, i = 0; k < cnt; k++) {
		i += data.parts[5 * k];
		p.node[k] = i;
		p.reason[k] = data.parts[5 * k + 1];
		p.us[k] = data.parts[5 * k + 2];
		p.intervals[k] = data.parts[5 * k + 3];
		p.max[k] = data.parts[5 * k + 4];
	}
	return p;
}

let tree = decodeTree();
let parts = decodeParts();
let frameCnt = data.frames.length / 3;
const frameName = (f) => data.strings[data.frames[3 * f]];
const nodeName = (i) => i ? frameName(tree.frame[i]) : 'all';
const nodeModule = (i) => i ? visible(data.strings[data.frames[3 * tree.frame[i] + 1]]) : '';
/* For the eye: without what turns the text around it to the left, or is no sign at all. */
const visible = (s) => s.replace(/[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
const nodeText = (i) => visible(nodeName(i));
const nodeKind = (i) => i ? data.kinds[data.frames[3 * tree.frame[i] + 2]] : 'process';

const state = {
	zoom: 0,
	focus: 0,
	flame: false,                              /* root at the bottom */
	shown: data.reasons.map(() => true),       /* by reason */
	pattern: '',
	matches: null,                             /* by frame; null: no search */
	thread: -1,                                /* only this one's time; -1: of all */
	modules: false,                            /* frames of one module are one */
};

/* Sums the parts of the reasons and the thread shown, and lays siblings side by side. */
function sumUp() {
	const next = new Float64Array(tree.cnt), p = parts;

	for (const a of [tree.us, tree.self, tree.intervals, tree.max])
		a.fill(0);
	for (let k = 0; k < p.cnt; k++) {
		const i = p.node[k];

		if (!state.shown[p.reason[k]] || (state.thread >= 0 && data.part_threads[k] !== state.thread))
			continue;
		tree.self[i] += p.us[k];
		tree.us[i] += p.us[k];
		tree.intervals[i] += p.intervals[k];
		tree.max[i] = Math.max(tree.max[i], p.max[k]);
	}
	for (let i = tree.cnt - 1; i > 0; i--) {
		const parent = tree.parent[i];

		tree.us[parent] += tree.us[i];
		tree.intervals[parent] += tree.intervals[i];
		tree.max[parent] = Math.max(tree.max[parent], tree.max[i]);
	}
	for (let i = 1; i < tree.cnt; i++) {
		const parent = tree.parent[i];

		tree.start[i] = next[parent];
		next[parent] += tree.us[i];
		next[i] = tree.start[i];
	}
}

function path(i) {
	const nodes = [];

	for (; i > 0; i = tree.parent[i])
		nodes.push(i);
	return nodes.reverse();
}

/* Child nodes with time, in order. */
function children(i) {
	const nodes = [];

	for (let c = i + 1; c < tree.end[i]; c = tree.end[c])
		if (tree.us[c] > 0)
			nodes.push(c);
	return nodes;
}

/* ---- colours: the kind gives the hue, a hash of the name the shade ---- */

const HUES = {
	process: [150, 14, 0], native: [212, 62, 0], kernel: [30, 88, 0],
	inlined: [200, 62, 3], jit: [122, 40, 1], python: [50, 76, 0], go: [181, 50, 0],
	waker: [338, 60, 2], lock: [244, 60, 3], delimiter: [220, 6, 7], missing: [220, 6, 5], state: [280, 42, 4],
};
const MIDDLE = 512; /* as a hash: the middle shade of a kind */
const palettes = {
	light: {
		shade: 76, lift: 1, range: 5, sat: 1,
		text: '#10151c', bg: '#ffffff', sliver: '#c3c9d0',
	},
	dark: {
		shade: 35, lift: -0.6, range: 4, sat: 0.62,
		text: '#f3f5f8', bg: '#1c2026', sliver: '#4a525d',
	},
};
const MATCH = '#b5177f', MATCH_TEXT = '#ffffff';
const dark = window.matchMedia('(prefers-color-scheme: dark)');
let palette, colors;

function kindColor(kind, hash) {
	const [hue, sat, lift] = HUES[kind];
	const turn = kind === 'native' || kind === 'kernel' ? (hash % 5 - 2) * 4 : 0;
	const step = ((hash >>> 8) % 5 - 2) * palette.range / 2;
	const shade = palette.shade + lift * palette.lift + step;

	return `hsl(${hue + turn} ${sat * palette.sat}% ${shade}%)`;
}

/* In a comparison: red more, blue less; the largest difference below the root is the strongest. */
const baseUs = data.base_us;
const diffUs = (i) => tree.us[i] - baseUs[i];
let mostUs = 0;

function diffColor(share) {
	const strength = Math.ceil(5 * Math.min(Math.abs(share), 1)) / 5;
	const shade = palette.shade + (palette === palettes.light ? 16 - 24 * strength : 10 * strength);

	if (!share)
		return kindColor('delimiter', MIDDLE);
	return `hsl(${share > 0 ? 8 : 217} ${78 * palette.sat}% ${shade}%)`;
}

function hashName(s) {
	let h = 2166136261;

	for (let i = 0; i < s.length; i++)
		h = Math.imul(h ^ s.charCodeAt(i), 16777619);
	h ^= h >>> 15;
	return Math.imul(h, 0x2c1b3c6d) >>> 0;
}

function usePalette(print) {
	palette = dark.matches && !print ? palettes.dark : palettes.light;
	colors = new Array(frameCnt);
}

function nodeColor(i) {
	const f = tree.frame[i];

	if (baseUs)
		return diffColor(diffUs(i) / (mostUs || 1));
	if (!i)
		return kindColor('delimiter', MIDDLE);
	if (!colors[f])
		colors[f] = kindColor(nodeKind(i), hashName(frameName(f)));
	return colors[f];
}

/* ---- drawing ---- */

const box = $('graph'), canvas = $('canvas'), ctx = canvas.getContext('2d');
const view = {width: 0, height: 0, levels: 1, rows: [], charWidth: 7.2};

const levelY = (depth) => (state.flame ? view.levels - 1 - depth : depth) * ROW;

/* Sizes everything for the zoomed subtree; @whole: no scrolling, for paper. */
function layout(whole) {
	const scale = window.devicePixelRatio || 1;

	view.width = box.clientWidth;
	view.levels = 1;
	walk((i) => {
		view.levels = Math.max(view.levels, tree.depth[i] + 1);
	}, (depth) => {
		view.levels = Math.max(view.levels, depth + 1);
	});
	$('space').style.height = view.levels * ROW + 1 + 'px';
	canvas.style.height = ROW + 'px'; /* or its old height would decide about the scroll bar */
	view.width = box.clientWidth;
	view.height = Math.min(view.levels * ROW + 1, whole ? Infinity : maxHeight());
	canvas.style.height = view.height + 'px';
	canvas.width = Math.round(view.width * scale);
	canvas.height = Math.round(view.height * scale);
	ctx.setTransform(scale, 0, 0, scale, 0, 0);
}

const maxHeight = () => Math.max(320, Math.floor(window.innerHeight * 0.68)) - 2;

/* Pixels per microsecond, and the microsecond at the left edge. */
function scaleX() {
	const us = tree.us[state.zoom];

	return {per: us ? view.width / us : 0, from: tree.start[state.zoom]};
}

/*
 * Calls @frame(node, x, width) for what is wide enough and @sliver(depth, x, width) for the rest.
 */
function walk(frame, sliver) {
	const x = scaleX(), end = tree.end[state.zoom];

	for (const i of [0, ...path(state.zoom)])
		if (i !== state.zoom)
			frame(i, 0, view.width);
	for (let i = state.zoom; i < end;) {
		const width = tree.us[i] * x.per, left = (tree.start[i] - x.from) * x.per;

		if (width >= MIN_WIDTH) {
			frame(i, left, width);
			i++;
		} else {
			if (width > 0)
				sliver(tree.depth[i], left, width);
			i = tree.end[i];
		}
	}
}

function label(name, width) {
	const fit = Math.floor((width - 6) / view.charWidth);

	if (fit < 2)
		return '';
	if (name.length <= fit)
		return name;
	return name.slice(0, fit - 1).replace(/[\ud800-\udbff]$/, '') + '\u2026';
}

function drawSlivers(slivers, top) {
	ctx.fillStyle = palette.sliver;
	for (const {depth, left, right} of slivers)
		ctx.fillRect(left, levelY(depth) - top + 1, Math.max(right - left, 0.6), ROW - 1);
}

function collect() {
	const slivers = [], last = [];

	view.rows = Array.from({length: view.levels}, () => []);
	walk((i, left, width) => {
		view.rows[tree.depth[i]].push({i, left, width});
	}, (depth, left, width) => {
		const before = last[depth];

		if (before && left - before.right < 0.3) {
			before.right = left + width;
		} else {
			last[depth] = {depth, left, right: left + width};
			slivers.push(last[depth]);
		}
	});
	return slivers;
}

const isMatch = (i) => i > 0 && state.matches !== null && state.matches[tree.frame[i]] === 1;

function drawFrame(f, top, match) {
	const y = levelY(tree.depth[f.i]) - top + 1, gap = f.width > 2 ? 1 : 0;
	const text = label(nodeText(f.i), f.width);

	ctx.globalAlpha = match || !state.matches ? 1 : 0.42;
	if (tree.depth[f.i] < tree.depth[state.zoom])
		ctx.globalAlpha = 0.55;
	ctx.fillStyle = match ? MATCH : nodeColor(f.i);
	ctx.fillRect(f.left, y, f.width - gap, ROW - 1);
	ctx.globalAlpha = 1;
	if (!text)
		return;
	ctx.fillStyle = match ? MATCH_TEXT : palette.text;
	ctx.fillText(text, f.left + 3, y + ROW / 2);
}

function draw() {
	const top = view.height >= view.levels * ROW ? 0 : box.scrollTop;
	const slivers = collect();

	ctx.fillStyle = palette.bg;
	ctx.fillRect(0, 0, view.width, view.height);
	ctx.font = FONT;
	ctx.textBaseline = 'middle';
	view.charWidth = ctx.measureText('mmmmmmmmmm').width / 10;
	if (!tree.us[0]) {
		ctx.fillStyle = palette.text;
		ctx.fillText('No time for these reasons.', 8, ROW / 2 + 1);
		return;
	}
	drawSlivers(slivers, top);
	view.rows.forEach((row, depth) => {
		const y = levelY(depth) - top;

		if (y + ROW < 0 || y > view.height)
			return;
		for (const f of row)
			drawFrame(f, top, isMatch(f.i));
	});
	placeBox($('focus-box'), state.focus, document.activeElement === canvas);
}

let pending = 0;

function redraw() {
	if (!pending)
		pending = requestAnimationFrame(() => {
			pending = 0;
			draw();
		});
}

function relayout() {
	layout(false);
	draw();
}

/* ---- pointing at frames ---- */

const drawn = (i) => (view.rows[tree.depth[i]] || []).find((f) => f.i === i);

function placeBox(el, i, visible) {
	const f = visible && i >= 0 ? drawn(i) : null;

	el.style.display = f ? 'block' : 'none';
	if (!f)
		return;
	el.style.left = f.left + 'px';
	el.style.top = levelY(tree.depth[i]) + 1 + 'px';
	el.style.width = Math.max(f.width - 1, 3) + 'px';
	el.style.height = ROW - 1 + 'px';
}

function nodeAt(event) {
	const rect = canvas.getBoundingClientRect();
	const x = event.clientX - rect.left;
	const y = event.clientY - rect.top + (view.height >= view.levels * ROW ? 0 : box.scrollTop);
	const level = Math.floor((y - 0.5) / ROW);
	const row = view.rows[state.flame ? view.levels - 1 - level : level] || [];
	const f = row.find((r) => x >= r.left && x < r.left + r.width);

	return f ? f.i : -1;
}

function fmtDiff(i) {
	const us = diffUs(i), sign = us < 0 ? '-' : '+';

	return sign + fmtUs(Math.abs(us)) +
		(baseUs[i] ? ' (' + sign + fmtPct(Math.abs(us), baseUs[i]) + ')' : ', new');
}

/* The facts of a node: [what, value]. */
function facts(i) {
	const n = tree.intervals[i], us = tree.us[i];
	const diff = baseUs ? [['before', fmtUs(baseUs[i])], ['difference', fmtDiff(i)]] : [];

	return [
		['time', fmtUs(us) + (us >= 1000 ? ' (' + fmtTime(us) + ')' : '')],
		...diff,
		['of total', fmtPct(us, tree.us[0])],
		['self', fmtUs(tree.self[i]) + ' (' + fmtPct(tree.self[i], tree.us[0]) + ')'],
		['intervals', fmtCnt(n)],
		['average', n ? fmtTime(us / n) : '-'],
		['longest', fmtTime(tree.max[i])],
	];
}

function describe(i) {
	const name = nodeText(i) + (nodeModule(i) ? ' (' + nodeModule(i) + ')' : '');

	return name + ': ' + fmtUs(tree.us[i]) + ', ' + fmtPct(tree.us[i], tree.us[0]) +
		(baseUs ? ', ' + fmtDiff(i) : '') + ', self ' + fmtUs(tree.self[i]) + ', ' + fmtCnt(tree.intervals[i]) + ' intervals';
}

function showTip(event, i) {
	const tip = $('tip');

	placeBox($('hover-box'), i, i >= 0);
	tip.style.display = i < 0 ? 'none' : 'block';
	if (i < 0)
		return;
	tip.replaceChildren(make('b', {textContent: nodeText(i)}));
	if (nodeModule(i) || i)
		tip.append(make('span', {
			className: 'module',
			textContent: nodeKind(i) + (nodeModule(i) ? ', ' + nodeModule(i) : ''),
		}));
	const rows = facts(i).map((pair) =>
		make('tr', {}, ...pair.map((textContent) => make('td', {textContent}))));

	tip.append(make('table', {}, make('tbody', {}, ...rows)));
	const {width, height} = tip.getBoundingClientRect();
	const x = event.clientX + 16;
	let y = event.clientY + 18;

	tip.style.left = Math.max(4, Math.min(x, innerWidth - width - 8)) + 'px';
	if (y + height > innerHeight - 4)
		y = Math.max(4, event.clientY - height - 12);
	tip.style.top = y + 'px';
}

/* ---- what the user does ---- */

function scrollToNode(i) {
	const y = levelY(tree.depth[i]);

	if (y < box.scrollTop || y + ROW > box.scrollTop + box.clientHeight)
		box.scrollTop = y - (state.flame ? box.clientHeight - 3 * ROW : 2 * ROW);
}

function setFocus(i) {
	state.focus = i;
	scrollToNode(i);
	$('status').textContent = describe(i);
	redraw();
}

function showPath() {
	$('path').replaceChildren(...[0, ...path(state.zoom)].map((i) => {
		const name = nodeText(i);
		const button = make('button', {type: 'button', textContent: name, title: name});

		button.addEventListener('click', () => zoom(i));
		if (i === state.zoom)
			button.setAttribute('aria-current', 'true');
		return make('li', {}, button);
	}));
	$('reset').disabled = !state.zoom && !state.pattern && state.shown.every(Boolean) && state.thread < 0;
}

function zoom(i) {
	state.zoom = i;
	showPath();
	layout(false);
	$('tip').style.display = $('hover-box').style.display = 'none';
	setFocus(i);
	draw();
	saveState();
}

/* A pattern in lower case matches both cases. */
function compile(text) {
	return new RegExp(text, text === text.toLowerCase() ? 'i' : '');
}

/* Time in frames that match, each microsecond once however many of its frames do. */
function matchedUs() {
	let us = 0;

	for (let i = 1; i < tree.cnt;) {
		if (state.matches[tree.frame[i]]) {
			us += tree.us[i];
			i = tree.end[i];
		} else {
			i++;
		}
	}
	return us;
}

function showMatched() {
	const out = $('matched');

	out.className = '';
	out.textContent = '';
	if (!state.matches)
		return null;
	const us = matchedUs(), pct = tree.us[0] ? 100 * us / tree.us[0] : 0;

	out.textContent = 'matched ' + pct.toFixed(2) + ' % (' + fmtTime(us) + ')';
	return {matched_us: us, pct};
}

function search(pattern) {
	const text = pattern instanceof RegExp ? pattern.source : String(pattern || '');
	const input = $('search');
	let re;

	if (input.value !== text)
		input.value = text;
	try {
		re = pattern instanceof RegExp ? pattern : compile(text);
	} catch (e) {
		input.setAttribute('aria-invalid', 'true');
		$('matched').className = 'bad';
		$('matched').textContent = 'not a regular expression';
		return null;
	}
	input.removeAttribute('aria-invalid');
	state.pattern = text;
	state.matches = text ? new Uint8Array(frameCnt) : null;
	for (let f = 0; text && f < frameCnt; f++) {
		re.lastIndex = 0; /* a global expression goes on where it stopped */
		state.matches[f] = re.test(frameName(f)) ? 1 : 0;
	}
	const result = showMatched();

	showPath();
	redraw();
	saveState();
	return result;
}

/* The page's header says what the filter leaves. */
function showTotals() {
	const all = state.shown.every(Boolean) && state.thread < 0;

	const now = {time: fmtTime(tree.us[0]), cnt: fmtCnt(tree.intervals[0])};

	for (const [id, value] of Object.entries(now)) {
		const el = $('total-' + id);

		el.dataset.all = el.dataset.all || el.textContent;
		el.textContent = all ? el.dataset.all : value + ' of ' + el.dataset.all;
	}
}

/* Other parts are shown. */
function showParts() {
	sumUp();
	if (!tree.us[state.zoom])
		state.zoom = 0;
	showReasons();
	showThread();
	showMatched();
	showTotals();
	zoom(state.zoom);
	document.dispatchEvent(new Event('dwell:shown'));
}

function setReasons(shown) {
	state.shown = shown;
	showParts();
}

/* Only the stacks of a thread, by its position in data.threads; -1: of all. */
function setThread(pos) {
	if (!data.part_threads)
		return;
	state.thread = pos;
	showParts();
}

function showThread() {
	const t = data.threads[state.thread];

	$('thread').hidden = !t;
	if (t)
		$('thread').textContent = 'only ' + visible(data.strings[t[T.COMM]]) + ' ' + t[T.TID] + ' \u00d7';
	for (const row of $('threads').tBodies[0].rows)
		row.classList.toggle('chosen', Number(row.dataset.thread) === state.thread);
}

/* Frames of one module that call each other are one, or each is its own again. */
function setModules(modules) {
	if (baseUs || modules === state.modules)
		return;
	data = JSON.parse(document.getElementById('data').textContent);
	tree = decodeTree();
	parts = decodeParts();
	if (modules)
		[tree, parts] = byModule(data, tree, parts);
	frameCnt = data.frames.length / 3;
	usePalette(false);
	Object.assign(state, {modules, zoom: 0, focus: 0});
	$('modules').setAttribute('aria-pressed', String(modules));
	search(state.pattern);
	showParts();
	relayout();
}

/* Where the page may not use the clipboard, as on a page that came by plain HTTP, an older way may work. */
function copyText(text) {
	const area = make('textarea', {value: text, className: 'copied'});

	document.body.append(area);
	area.select();
	const done = document.execCommand('copy');

	area.remove();
	return done;
}

function copyStack() {
	const text = path(state.focus).map(nodeName).join(';'), done = copyText(text);

	canvas.focus({preventScroll: true});
	$('status').textContent = (done ? 'copied: ' : 'the browser did not let it be copied: ') + visible(text || 'all');
	return text;
}

const showOnly = (names) => setReasons(data.reasons.map((r) => names.includes(r[0])));

function setFlame(flame) {
	state.flame = flame;
	$('invert').setAttribute('aria-pressed', String(flame));
	$('invert').textContent = flame ? 'Root on top' : 'Root at bottom';
	relayout();
	box.scrollTop = flame ? box.scrollHeight : 0;
	setFocus(state.zoom);
	saveState();
}

function reset() {
	search('');
	state.zoom = 0;
	state.thread = -1;
	setReasons(data.reasons.map(() => true));
	box.scrollTop = state.flame ? box.scrollHeight : 0;
}

function moveFocus(key) {
	const i = state.focus, deeper = state.flame ? 'ArrowUp' : 'ArrowDown';

	if (key === 'ArrowUp' || key === 'ArrowDown') {
		if (key !== deeper)
			return setFocus(Math.max(0, tree.parent[i]));
		const widest = children(i).reduce((a, b) =>
			a < 0 || tree.us[b] > tree.us[a] ? b : a, -1);

		return widest < 0 ? undefined : setFocus(widest);
	}
	const row = i ? children(tree.parent[i]) : [0];
	const to = row[row.indexOf(i) + (key === 'ArrowRight' ? 1 : -1)];

	if (to !== undefined && (i === state.zoom || inside(to)))
		setFocus(to);
}

const inside = (i) => i >= state.zoom && i < tree.end[state.zoom];

function onGraphKey(event) {
	if (event.key.startsWith('Arrow') && !event.altKey && !event.ctrlKey && !event.metaKey) {
		event.preventDefault();
		moveFocus(event.key);
	} else if (event.key === 'Enter') {
		zoom(state.focus);
	} else if (event.key === 'Home') {
		event.preventDefault();
		setFocus(state.zoom);
	}
}

function onKey(event) {
	const typing = event.target.matches('input[type="search"]');

	if (event.ctrlKey || event.metaKey || event.altKey)
		return;
	if (event.key === 'Escape') {
		if (typing) {
			search('');
			canvas.focus();
		} else {
			reset();
		}
		event.preventDefault();
	} else if (event.key === '/' && !typing) {
		event.preventDefault();
		$('search').select();
		$('search').focus();
	} else if (event.key === 'i' && !typing) {
		setFlame(!state.flame);
	} else if (event.key === 'm' && !typing) {
		setModules(!state.modules);
	} else if (event.key === 'c' && !typing) {
		copyStack();
	}
}

/* ---- the state in the address, so that a link shows the same picture ---- */

function saveState() {
	const parts = [];

	if (state.zoom)
		parts.push('zoom=' + path(state.zoom).map((i) =>
			encodeURIComponent(nodeName(i))).join(';'));
	if (state.pattern)
		parts.push('search=' + encodeURIComponent(state.pattern));
	if (!state.shown.every(Boolean))
		parts.push('reasons=' + data.reasons.filter((r, i) => state.shown[i])
			.map((r) => r[0]).join(','));
	if (state.flame)
		parts.push('view=flame');
	if (state.modules)
		parts.push('modules=1');
	if (state.thread >= 0)
		parts.push('thread=' + data.threads[state.thread][T.TID]);
	try {
		history.replaceState(null, '', '#' + parts.join('&'));
	} catch (e) {
		/* Not every place that shows the file lets it have an address. */
	}
}

function loadState() {
	const saved = {};

	for (const part of location.hash.slice(1).split('&'))
		saved[part.split('=')[0]] = part.slice(part.indexOf('=') + 1);
	try {
		if (saved.modules)
			setModules(true);
		if (saved.thread)
			setThread(data.threads.findIndex((t) => t[T.TID] === Number(saved.thread)));
		if (saved.reasons)
			showOnly(saved.reasons.split(','));
		if (saved.search)
			search(decodeURIComponent(saved.search));
		if (saved.zoom)
			zoomTo(saved.zoom.split(';').map(decodeURIComponent));
		if (saved.view === 'flame')
			setFlame(true);
	} catch (e) {
		/* A damaged link shows the whole. */
	}
}

/* ---- reasons ---- */

function reasonTotals() {
	const sums = data.reasons.map(() => 0);

	for (let k = 0; k < parts.cnt; k++)
		sums[parts.reason[k]] += parts.us[k];
	return sums;
}

function makeReason(reason, at, us, most) {
	const [name, help, blocked, runnable, cnt] = reason;
	const check = make('input', {type: 'checkbox', checked: true});
	const only = make('button', {
		type: 'button', textContent: 'only', ariaLabel: 'only ' + name,
	});
	const all = blocked + runnable, unit = cnt === 1 ? ' interval' : ' intervals';
	const width = (ns) => (most && all ? 100 * us / most * ns / all : 0) + '%';
	const bars = [make('i', {className: 'blocked'}), make('i', {className: 'runnable'})];

	bars[0].style.width = width(blocked);
	bars[1].style.width = width(runnable);
	check.dataset.reason = at;
	check.addEventListener('change', () =>
		setReasons(state.shown.map((s, i) => i === at ? check.checked : s)));
	only.addEventListener('click', () => setReasons(data.reasons.map((r, i) => i === at)));
	return make('div', {title: name + ': ' + help + '\nblocked ' + fmtTime(blocked / 1000) +
			', runnable ' + fmtTime(runnable / 1000)},
		make('label', {}, check, name), only, make('div', {className: 'meter'}, ...bars),
		make('span', {className: 'num', textContent: fmtTime(us)}),
		make('span', {className: 'num', textContent: fmtPct(us, data.total_us)}),
		make('span', {className: 'num cnt', textContent: fmtCnt(cnt) + unit}));
}

function buildReasons() {
	const sums = reasonTotals(), most = Math.max(0, ...sums);
	const order = sums.map((us, at) => at).filter((at) => data.reasons[at][4] || sums[at])
		.sort((a, b) => sums[b] - sums[a]);

	$('reasons').replaceChildren(...order.map((at) => makeReason(data.reasons[at], at, sums[at], most)));
}

function showReasons() {
	for (const check of document.querySelectorAll('#reasons input')) {
		check.checked = state.shown[check.dataset.reason];
		check.closest('div').classList.toggle('off', !check.checked);
	}
}

/* ---- threads ---- */

/* Columns: heading, sort key, text, left-aligned. A thread is an array, see html.c. */
const T = {PID: 0, TID: 1, COMM: 2, FLAGS: 3, CPU: 4, BLOCKED: 5, RUNNABLE: 6, CNT: 7, OPEN: 8};
const KTHREAD = 1, EXITED = 2, WAITING = 4, UNKNOWN = 8;
const known = (t, text) => t[T.FLAGS] & UNKNOWN ? 'unknown' : text;
const time = (ns) => ns ? fmtTime(ns / 1000) : '0';

function threadState(t) {
	const words = [[KTHREAD, 'kernel'], [EXITED, 'exited'], [WAITING, 'waiting']];

	return words.filter(([flag]) => t[T.FLAGS] & flag).map((w) => w[1]).join(', ');
}

const COLUMNS = [
	['pid', (t) => t[T.PID], (t) => t[T.PID]],
	['tid', (t) => t[T.TID], (t) => t[T.TID]],
	['name', (t) => data.strings[t[T.COMM]], (t) => visible(data.strings[t[T.COMM]]), true],
	['on CPU', (t) => t[T.CPU], (t) => known(t, time(t[T.CPU]))],
	['blocked', (t) => t[T.BLOCKED], (t) => known(t, time(t[T.BLOCKED]))],
	['runnable', (t) => t[T.RUNNABLE], (t) => known(t, time(t[T.RUNNABLE]))],
	['intervals', (t) => t[T.CNT], (t) => known(t, fmtCnt(t[T.CNT]))],
	['still waiting', (t) => t[T.OPEN], (t) => t[T.FLAGS] & WAITING ? time(t[T.OPEN]) : ''],
	['state', threadState, threadState, true],
];
let threadJob = 0;
let threadOrder = [0, false]; /* column, descending */

function threadRow(t) {
	const row = make('tr', {}, ...COLUMNS.map(([, , text, left], column) => {
		const value = String(text(t));

		if (column === 2 && data.part_threads)
			return make('td', {className: 'text', title: value}, make('button', {
				type: 'button', textContent: value, ariaLabel: 'only the stacks of ' + value}));
		return make('td', left ? {className: 'text', textContent: value, title: value} :
			{textContent: value});
	}));

	row.dataset.thread = data.threads.indexOf(t);
	row.classList.toggle('chosen', Number(row.dataset.thread) === state.thread);
	return row;
}

/* In portions, so that thousands of threads don't stop the page. */
function fillThreads(list) {
	const body = $('threads').tBodies[0], job = ++threadJob;
	let at = 0;

	body.replaceChildren();
	(function more() {
		if (job !== threadJob)
			return;
		body.append(...list.slice(at, at + THREADS_AT_ONCE).map(threadRow));
		at += THREADS_AT_ONCE;
		if (at < list.length)
			setTimeout(more, 0);
	})();
}

function sortThreads(column, descending) {
	const key = COLUMNS[column][1], sign = descending ? -1 : 1;
	const order = descending ? 'descending' : 'ascending';

	threadOrder = [column, descending];
	const list = data.threads.slice().sort((a, b) => {
		const x = key(a), y = key(b);

		return x < y ? -sign : x > y ? sign : 0;
	});

	document.querySelectorAll('#threads th').forEach((th, i) =>
		th.setAttribute('aria-sort', i === column ? order : 'none'));
	fillThreads(list);
}

function buildThreads() {
	const head = COLUMNS.map(([name, , , left], i) => {
		const button = make('button', {type: 'button', textContent: name});
		const th = make('th', {scope: 'col', className: left ? 'text' : ''}, button);

		button.addEventListener('click', () => {
			const now = th.getAttribute('aria-sort');

			/* Text and ids start with the smallest, times with the largest. */
			sortThreads(i, now === 'none' ? !left && i > 1 : now === 'ascending');
		});
		return th;
	});

	$('threads').tHead.append(make('tr', {}, ...head));
	$('threads').tBodies[0].addEventListener('click', (e) => {
		const button = e.target.closest('button');

		if (button) {
			setThread(Number(button.closest('tr').dataset.thread));
			$('viewer').scrollIntoView({block: 'start'});
		}
	});
	sortThreads(0, false);
}

/* ---- legend, start ---- */

function showLegend() {
	const texts = {
		process: 'process or thread', native: 'native code', inlined: 'inlined', jit: 'JIT',
		python: 'Python', go: 'Go', kernel: 'kernel',
		state: 'blocked / runnable', waker: 'waker', lock: 'lock', missing: 'not known',
	};
	const used = new Set();

	for (let f = 0; f < frameCnt; f++)
		used.add(data.kinds[data.frames[3 * f + 2]]);
	const items = baseUs ? [[diffColor(1), 'more than before'], [diffColor(-1), 'less than before'],
		[diffColor(0), 'the same']] : Object.keys(texts).filter((kind) => used.has(kind))
		.map((kind) => [kindColor(kind, MIDDLE), texts[kind]]);

	items.push([palette.sliver, 'too narrow to draw: zoom in'], [MATCH, 'matches the search']);
	$('legend').replaceChildren(...items.map(([color, text]) => {
		const swatch = make('span', {className: 'swatch'});

		swatch.style.background = color;
		return make('span', {}, swatch, text);
	}));
}

function useTheme(print) {
	usePalette(print);
	showLegend();
	layout(print);
	draw();
}

function listen() {
	let typing;

	canvas.addEventListener('mousemove', (e) => showTip(e, nodeAt(e)));
	canvas.addEventListener('mouseleave', (e) => showTip(e, -1));
	canvas.addEventListener('click', (e) => {
		const i = nodeAt(e);

		canvas.focus({preventScroll: true});
		if (i >= 0)
			zoom(i);
	});
	canvas.addEventListener('keydown', onGraphKey);
	canvas.addEventListener('focus', () => setFocus(state.focus));
	canvas.addEventListener('blur', redraw);
	box.addEventListener('scroll', redraw);
	document.addEventListener('keydown', onKey);
	$('search').addEventListener('input', (e) => {
		clearTimeout(typing);
		typing = setTimeout(() => search(e.target.value), 120);
	});
	$('search').addEventListener('keydown', (e) => {
		if (e.key === 'Enter') {
			clearTimeout(typing);
			search(e.target.value);
		}
	});
	$('reset').addEventListener('click', reset);
	$('invert').addEventListener('click', () => setFlame(!state.flame));
	$('modules').addEventListener('click', () => setModules(!state.modules));
	$('copy').addEventListener('click', copyStack);
	$('thread').addEventListener('click', () => setThread(-1));
	dark.addEventListener('change', () => useTheme(false));
	window.addEventListener('beforeprint', () => useTheme(true));
	window.addEventListener('afterprint', () => useTheme(false));
	new ResizeObserver(() => {
		if (box.clientWidth !== view.width)
			relayout();
	}).observe(box);
	window.addEventListener('resize', relayout);
}

/* ---- another picture ---- */

/*
 * Shows other data in this page. What was chosen stays chosen as far as it is still there: the
 * zoom down to the deepest frame of its path, search, reasons, thread, order of threads, scrolling.
 */
function show(json) {
	const names = path(state.zoom).map(nodeName), top = box.scrollTop;
	const hidden = data.reasons.filter((r, i) => !state.shown[i]).map((r) => r[0]);
	const chosen = data.threads[state.thread];

	document.getElementById('data').textContent = json;
	data = JSON.parse(json);
	tree = decodeTree();
	parts = decodeParts();
	if (state.modules)
		[tree, parts] = byModule(data, tree, parts);
	state.thread = chosen && data.part_threads ?
		data.threads.findIndex((t) => t[T.PID] === chosen[T.PID] && t[T.TID] === chosen[T.TID]) : -1;
	showThread();
	frameCnt = data.frames.length / 3;
	usePalette(false);
	state.shown = data.reasons.map((r) => !hidden.includes(r[0]));
	state.zoom = state.focus = 0;
	sumUp();
	for (const name of names) {
		const below = children(state.zoom).find((c) => nodeName(c) === name && tree.us[c]);

		if (below === undefined)
			break;
		state.zoom = state.focus = below;
	}
	$('viewer').hidden = !data.total_us;
	buildReasons();
	showReasons();
	showLegend();
	showTotals();
	search($('search').value);
	relayout();
	box.scrollTop = top;
	setFocus(state.zoom);
	$('tip').style.display = $('hover-box').style.display = 'none';
	sortThreads(...threadOrder);
	document.dispatchEvent(new Event('dwell:shown'));
}

/* ---- for tests and for the console ---- */

/*
 * Zooms to a path of names from below the root, as in a folded line. False: there is no such
 * path.
 */
function zoomTo(names) {
	let i = 0;

	for (const name of names) {
		i = children(i).find((c) => nodeName(c) === name);
		if (i === undefined)
			return false;
	}
	zoom(i);
	return true;
}

function rows() {
	const list = [];

	for (let i = 0; i < tree.cnt; i++)
		if (tree.self[i] > 0)
			list.push({stack: path(i).map(nodeName).join(';'), us: tree.self[i]});
	return list;
}

window.dwell = {
	get total_us() {
		return data.total_us;
	},
	get shown_us() {
		return tree.us[0];
	},
	get rows() {
		return rows();
	},
	/* Of a comparison: what became of the nodes. */
	get differences() {
		return baseUs && Array.from(baseUs, (us, i) => ({path: path(i).map(nodeName).join(';'), base_us: us,
			us: tree.us[i], color: nodeColor(i)}));
	},
	get state() {
		return {
			zoom: path(state.zoom).map(nodeName),
			focus: path(state.focus).map(nodeName),
			pattern: state.pattern, flame: state.flame, levels: view.levels,
			reasons: data.reasons.filter((r, i) => state.shown[i]).map((r) => r[0]),
			thread: state.thread, modules: state.modules,
		};
	},
	/* What the page shows now, for its other scripts. */
	get shown() {
		return {data, tree, frameCnt, frameName, visible, fmtTime, fmtPct, make};
	},
	/* Where a node is drawn, in CSS pixels of the page's window; null: not drawn. */
	locate(names) {
		const is = (i) => path(i).map(nodeName).join() === names.join();
		const f = view.rows.flat().find((r) => is(r.i));
		const rect = box.getBoundingClientRect();

		return f ? {
			x: rect.left + 1 + f.left + f.width / 2,
			y: rect.top + 1 + levelY(tree.depth[f.i]) - box.scrollTop + ROW / 2,
			width: f.width,
		} : null;
	},
	zoomTo,
	search,
	reset,
	show,
	setReasons: showOnly,
	setThread,
	setModules,
	copyStack,
	copyText,
	invert: () => setFlame(!state.flame),
};

/* A comparison knows neither reasons nor threads of both sides. */
function compare() {
	for (let i = 1; i < tree.cnt; i++)
		mostUs = Math.max(mostUs, Math.abs(diffUs(i)));
	for (const el of document.querySelectorAll('#modules, #viewer h2, #reasons, #viewer > .note, main > section + section'))
		el.style.display = 'none';
}

usePalette(false);
sumUp();
if (baseUs)
	compare();
buildReasons();
showLegend();
if (!tree.us[0])
	$('viewer').hidden = true;
showPath();
relayout();
listen();
loadState();
setTimeout(buildThreads, 0);
})();
