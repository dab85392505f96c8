/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Zoom, search and the keyboard for the SVG flame graph; svg.c says what the frames carry. */
(function () {
'use strict';

const LEFT = 10, WIDTH = 1180, ROW = 17, CHAR = 7.25, MIN_WIDTH = 0.1;
const svg = document.documentElement;
const $ = (id) => document.getElementById(id);

/* Frames in depth-first order, the root first. */
const frames = [...document.querySelectorAll('.f')].map((g) => {
	const [depth, start, us] = g.dataset.f.split(' ').map(Number);
	const [title, rect, text] = g.children;
	const name = title.textContent.split('\n')[0];

	return {g, rect, text, title, name, depth, start, us, shown: true};
});
const root = frames[0];
const levels = frames.reduce((most, f) => Math.max(most, f.depth + 1), 1);
const top = Math.min(...[...new Set(frames.map((f) => f.rect.y.baseVal.value))]);
const state = {zoom: root, focus: root, inverted: false, pattern: ''};

const inside = (f, of) => f.start >= of.start && f.start + f.us <= of.start + of.us;
const below = (f, of) => f.depth >= of.depth && inside(f, of);
const parent = (f) => frames.find((p) => p.depth === f.depth - 1 && inside(f, p));
const children = (f) => frames.filter((c) => c.depth === f.depth + 1 && inside(c, f));
const y = (f) => top + (state.inverted ? f.depth : levels - 1 - f.depth) * ROW;

function label(name, width) {
	const fit = Math.floor((width - 6) / CHAR);

	if (fit < 2)
		return '';
	if (name.length <= fit)
		return name;
	return name.slice(0, fit - 1).replace(/[\ud800-\udbff]$/, '') + '\u2026';
}

function place(f, x, width) {
	f.shown = width >= MIN_WIDTH;
	f.g.style.display = f.shown ? '' : 'none';
	if (!f.shown)
		return;
	f.rect.setAttribute('x', x.toFixed(2));
	f.rect.setAttribute('y', y(f));
	f.rect.setAttribute('width', (width > 2 ? width - 0.5 : width).toFixed(2));
	f.text.setAttribute('x', (x + 3).toFixed(2));
	f.text.setAttribute('y', y(f) + 12);
	f.text.textContent = label(f.name, width);
}

function draw() {
	const z = state.zoom, scale = WIDTH / z.us;

	for (const f of frames) {
		const up = f.depth < z.depth && inside(z, f);

		f.g.classList.toggle('up', up);
		if (up)
			place(f, LEFT, WIDTH);
		else
			place(f, LEFT + (f.start - z.start) * scale,
				below(f, z) ? f.us * scale : 0);
	}
}

function say(f) {
	$('info').textContent = f ? f.title.textContent.replace('\n', ': ') : ' ';
}

function focus(f) {
	state.focus.g.classList.remove('focus');
	state.focus = f;
	if (document.activeElement === $('frames')) {
		f.g.classList.add('focus');
		say(f);
	}
}

function zoom(f) {
	state.zoom = f;
	draw();
	focus(f);
	say(f);
}

/* A pattern in lower case matches both cases. */
function search(pattern) {
	let us = 0, until = -1, re;

	try {
		re = new RegExp(pattern, pattern === pattern.toLowerCase() ? 'i' : '');
	} catch (e) {
		$('matched').textContent = 'not a regular expression';
		return null;
	}
	state.pattern = pattern;
	for (const f of frames) {
		const match = pattern !== '' && f !== root && re.test(f.name);

		f.g.classList.toggle('match', match);
		/* What is below a match is in its time already. */
		if (match && f.start + f.us > until) {
			us += f.us;
			until = f.start + f.us;
		}
	}
	const pct = 100 * us / root.us;

	$('matched').textContent = pattern ? 'matched ' + pct.toFixed(2) + ' %' : ' ';
	return {matched_us: us, pct};
}

function invert() {
	state.inverted = !state.inverted;
	draw();
}

function reset() {
	closeSearch();
	search('');
	zoom(root);
	say(null);
}

function closeSearch() {
	const box = $('search');

	if (box)
		box.remove();
}

/* The input is HTML inside the picture; it exists only while it is used. */
function openSearch() {
	const html = 'http://www.w3.org/1999/xhtml';
	const box = document.createElementNS('http://www.w3.org/2000/svg', 'foreignObject');
	const input = document.createElementNS(html, 'input');

	closeSearch();
	box.id = 'search';
	box.setAttribute('x', 740);
	box.setAttribute('y', 9);
	box.setAttribute('width', 212);
	box.setAttribute('height', 26);
	input.setAttribute('type', 'search');
	input.setAttribute('placeholder', 'regular expression');
	input.setAttribute('aria-label', 'search frames, regular expression');
	input.setAttribute('style', 'width:206px;height:22px;box-sizing:border-box;' +
		'font:12px ui-monospace,monospace;margin:1px');
	input.value = state.pattern;
	input.addEventListener('input', () => search(input.value));
	input.addEventListener('keydown', (e) => {
		if (e.key === 'Enter') {
			$('frames').focus();
			e.stopPropagation();
		}
	});
	box.append(input);
	svg.append(box);
	input.focus();
	input.select();
}

function move(key) {
	const f = state.focus, up = state.inverted ? 'ArrowDown' : 'ArrowUp';
	let to;

	if (key === up) {
		to = children(f).reduce((a, b) => a && a.us >= b.us ? a : b, null);
	} else if (key === 'ArrowUp' || key === 'ArrowDown') {
		to = parent(f);
	} else {
		const row = frames.filter((s) => s.depth === f.depth && s.shown);

		to = row[row.indexOf(f) + (key === 'ArrowRight' ? 1 : -1)];
	}
	if (to)
		focus(to);
}

function onKey(e) {
	const typing = e.target.localName === 'input', command = e.ctrlKey || e.metaKey;

	if ((command && e.key === 'f' && !$('search')) || (e.key === '/' && !typing && !command)) {
		e.preventDefault();
		openSearch();
	} else if (e.key === 'Escape') {
		reset();
		$('frames').focus();
	} else if (typing || command || e.altKey) {
		return;
	} else if (e.key.startsWith('Arrow')) {
		e.preventDefault();
		move(e.key);
	} else if (e.key === 'i') {
		invert();
	} else if (e.key === 'Enter' && document.activeElement === $('frames')) {
		zoom(state.focus);
	}
}

function onButton(id, action) {
	$(id).addEventListener('click', action);
	$(id).addEventListener('keydown', (e) => {
		if (e.key === 'Enter' || e.key === ' ') {
			e.preventDefault();
			e.stopPropagation();
			action();
		}
	});
}

if (!root)
	return;
const byElement = new Map(frames.map((f) => [f.g, f]));
const frameOf = (e) => byElement.get(e.target.closest('.f'));

svg.classList.add('scripted');
$('frames').addEventListener('click', (e) => {
	const f = frameOf(e);

	$('frames').focus();
	if (f)
		zoom(f);
});
$('frames').addEventListener('mouseover', (e) => say(frameOf(e)));
$('frames').addEventListener('mouseout', () => say(null));
$('frames').addEventListener('focus', () => focus(state.focus));
$('frames').addEventListener('blur', () => state.focus.g.classList.remove('focus'));
document.addEventListener('keydown', onKey);
onButton('find', openSearch);
onButton('reset', reset);
onButton('invert', invert);

/* For tests and for the console. Paths are names from below the root, as in a folded line. */
window.dwell = {
	total_us: root.us,
	search,
	reset,
	invert,
	zoomTo(names) {
		let f = root;

		for (const name of names)
			f = f && children(f).find((c) => c.name === name);
		if (f)
			zoom(f);
		return Boolean(f);
	},
	get state() {
		return {zoom: state.zoom.name, focus: state.focus.name, inverted: state.inverted,
			pattern: state.pattern, shown: frames.filter((f) => f.shown).length};
	},
};
})();
