/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The timeline inside the HTML file: time to the right, a row for each thread, the colour of what most of its time there went to,
 * the stronger the more of it. It knows the rest of the page by window.dwell only.
 *
 *   timeline.rows  [thread, length, cell, ...]  cells that are alike, one after the other
 *   cell           0: on a CPU, or not there; else 1 + reason * levels + quarters of the column - 1
 */
(function () {
'use strict';

const ROW = 15, AXIS = 20, FONT = '11px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace';
const data = JSON.parse(document.getElementById('data').textContent), line = data.timeline;
const $ = (id) => document.getElementById(id);
const box = $('timeline-box'), canvas = $('timeline-canvas'), ctx = canvas.getContext('2d');
const dark = window.matchMedia('(prefers-color-scheme: dark)');
const visible = (s) => s.replace(/[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');

/* ---- what is shown ---- */

const RUNNABLE = data.reasons.length;
/* Hue and saturation: idle waits are pale, locks red, devices and files brown to yellow, the network green. */
const HUES = {
	other: [220, 4], lock: [2, 78], poll: [212, 26], sleep: [212, 14], disk: [28, 70], fs: [44, 76], net: [140, 46],
	pipe: [175, 50], memory: [285, 50], kernel_lock: [335, 70], child: [235, 24], signal: [250, 20],
	io_uring: [95, 45], device: [15, 35], preempted: [52, 90], runnable: [52, 90],
};
const kindName = (kind) => kind === RUNNABLE ? 'runnable' : data.reasons[kind][0];
const T = {PID: 0, TID: 1, COMM: 2};

function decodeRow(row) {
	const cells = new Uint8Array(line.columns);

	for (let i = 1, at = 0; i < row.length; i += 2) {
		cells.fill(row[i + 1], at, at + row[i]);
		at += row[i];
	}
	return {thread: row[0], cells, name: threadName(data.threads[row[0]])};
}

const threadName = (t) => visible(data.strings[t[T.COMM]]) + ' ' + t[T.TID];
const rows = line.rows.map(decodeRow);
const cellKind = (cell) => Math.floor((cell - 1) / line.levels);
const cellLevel = (cell) => (cell - 1) % line.levels + 1;

const state = {row: 0, column: 0, from: -1, to: -1};
const view = {width: 0, left: 0};

function color(kind, level) {
	const [hue, sat] = HUES[kindName(kind)] || HUES.other;
	const strength = level / line.levels;

	return dark.matches ? `hsl(${hue} ${sat}% ${22 + 32 * strength}%)` : `hsl(${hue} ${sat}% ${92 - 40 * strength}%)`;
}

/* ---- time for people ---- */

const ns = (column) => column * line.column_ns;

function fmt(t) {
	if (line.window_ns < 2e6)
		return (t / 1e3).toFixed(1) + ' us';
	if (line.window_ns < 2e9)
		return (t / 1e6).toFixed(line.window_ns < 2e8 ? 2 : 1) + ' ms';
	return (t / 1e9).toFixed(line.window_ns < 2e10 ? 3 : 2) + ' s';
}

/* Marks of the axis: 1, 2 or 5 times a power of ten apart. */
function ticks() {
	const most = Math.max(2, Math.floor(view.width / 110)), list = [];
	let step = 1;

	for (let i = 0; line.window_ns / step > most; i++)
		step *= i % 3 === 1 ? 2.5 : 2;
	for (let t = 0; t <= line.window_ns; t += step)
		list.push(t);
	return list;
}

/* ---- drawing ---- */

function layout() {
	const scale = window.devicePixelRatio || 1, height = AXIS + rows.length * ROW;

	ctx.font = FONT;
	view.left = Math.min(190, Math.max(90, ...rows.map((r) => ctx.measureText(r.name.slice(0, 24)).width + 14)));
	canvas.style.height = height + 'px';
	view.width = Math.max(50, box.clientWidth - view.left);
	canvas.width = Math.round(box.clientWidth * scale);
	canvas.height = Math.round(height * scale);
	ctx.setTransform(scale, 0, 0, scale, 0, 0);
}

const x = (column) => view.left + column * view.width / line.columns;

function drawRow(row, y, dim) {
	ctx.globalAlpha = dim ? 0.35 : 1;
	for (let i = 0, end; i < line.columns; i = end) {
		for (end = i + 1; end < line.columns && row.cells[end] === row.cells[i];)
			end++;
		const cell = row.cells[i];

		if (!cell || !shown(cellKind(cell)))
			continue;
		ctx.fillStyle = color(cellKind(cell), cellLevel(cell));
		ctx.fillRect(x(i), y + 1, Math.max(x(end) - x(i), 0.7), ROW - 2);
	}
	ctx.globalAlpha = 1;
}

/* What the page's reasons leave. */
const shown = (kind) => kind === RUNNABLE || window.dwell.state.reasons.includes(data.reasons[kind][0]);

function drawAxis(style) {
	ctx.fillStyle = style.color;
	ctx.textBaseline = 'middle';
	for (const t of ticks()) {
		const at = x(t / line.column_ns);

		ctx.globalAlpha = 0.18;
		ctx.fillRect(Math.round(at), AXIS - 4, 1, rows.length * ROW + 4);
		ctx.globalAlpha = 0.8;
		if (at + 60 < view.left + view.width + 8)
			ctx.fillText(fmt(t), at + 3, AXIS / 2);
	}
	ctx.globalAlpha = 1;
}

function drawMarks(style) {
	if (state.from >= 0) {
		const left = x(Math.min(state.from, state.to)), right = x(Math.max(state.from, state.to) + 1);

		ctx.globalAlpha = 0.16;
		ctx.fillStyle = style.color;
		ctx.fillRect(left, 0, right - left, AXIS + rows.length * ROW);
		ctx.globalAlpha = 1;
	}
	if (document.activeElement === canvas) {
		ctx.strokeStyle = style.color;
		ctx.lineWidth = 1.5;
		ctx.strokeRect(x(state.column) - 2, AXIS + state.row * ROW + 0.5, 4, ROW - 1);
	}
}

function draw() {
	const style = getComputedStyle(canvas), chosen = window.dwell.state.thread;

	ctx.clearRect(0, 0, view.left + view.width, AXIS + rows.length * ROW);
	ctx.font = FONT;
	drawAxis(style);
	rows.forEach((row, i) => {
		const y = AXIS + i * ROW;

		ctx.fillStyle = style.color;
		ctx.textBaseline = 'middle';
		ctx.globalAlpha = chosen < 0 || chosen === row.thread ? 1 : 0.5;
		ctx.fillText(row.name.length > 24 ? row.name.slice(0, 23) + '\u2026' : row.name, 4, y + ROW / 2 + 0.5, view.left - 8);
		drawRow(row, y, chosen >= 0 && chosen !== row.thread);
	});
	drawMarks(style);
}

let pending = 0;

function redraw() {
	if (!pending)
		pending = requestAnimationFrame(() => {
			pending = 0;
			draw();
		});
}

/* ---- pointing ---- */

function place(event) {
	const rect = canvas.getBoundingClientRect();
	const column = Math.floor((event.clientX - rect.left - view.left) * line.columns / view.width);
	const row = Math.floor((event.clientY - rect.top - AXIS) / ROW);

	return {column: Math.max(0, Math.min(line.columns - 1, column)), row,
		label: event.clientX - rect.left < view.left, inside: row >= 0 && row < rows.length};
}

function cellText(row, column) {
	const cell = rows[row].cells[column];
	const quarters = cell ? cellLevel(cell) : 0;
	const what = !cell ? 'on a CPU, or not there' : kindName(cellKind(cell)) +
		(quarters === line.levels ? '' : `, waited up to ${Math.round(100 * quarters / line.levels)} % of the time`);

	return `${rows[row].name} at ${fmt(ns(column))}: ${what}`;
}

const clock = (us) => '@' + Math.floor(us / 1e6) + '.' + String(Math.floor(us % 1e6)).padStart(6, '0');

/* The options of `dwell report` that cut out what is marked. */
function marked() {
	const from = ns(Math.min(state.from, state.to)), to = ns(Math.max(state.from, state.to) + 1);

	if (state.from < 0)
		return null;
	return {from, to, options: line.start_us ?
		`--since ${clock(line.start_us + from / 1e3)} --until ${clock(line.start_us + to / 1e3)}` :
		`--since +${Math.floor(from / 1e3)}us --until +${Math.floor(to / 1e3)}us`};
}

function say(text) {
	$('timeline-status').textContent = text;
	$('timeline-copy').hidden = state.from < 0;
}

function sayMarked() {
	const m = marked();

	say(m ? `${fmt(m.from)} to ${fmt(m.to)}: dwell report ${m.options} FILE` : '');
}

function unmark() {
	state.from = state.to = -1;
	say('');
	redraw();
}

/* Its stacks only; once more: those of all. */
function chooseThread(row) {
	const thread = rows[row].thread;

	window.dwell.setThread(window.dwell.state.thread === thread ? -1 : thread);
}

function listen() {
	let from = -1;

	canvas.addEventListener('mousedown', (e) => {
		const at = place(e);

		from = at.label ? -1 : at.column;
	});
	canvas.addEventListener('mousemove', (e) => {
		const at = place(e);

		if (from >= 0 && e.buttons & 1 && Math.abs(at.column - from) > 2) {
			state.from = from;
			state.to = at.column;
			sayMarked();
			redraw();
		} else if (state.from < 0) {
			say(at.inside && !at.label ? cellText(at.row, at.column) : '');
		}
	});
	canvas.addEventListener('click', (e) => {
		const at = place(e);

		canvas.focus({preventScroll: true});
		if (from >= 0 && Math.abs(at.column - from) > 2)
			return;
		if (at.inside)
			Object.assign(state, {row: at.row, column: at.column});
		if (at.inside && at.label)
			chooseThread(at.row);
		unmark();
		if (at.inside)
			say(cellText(at.row, at.column));
	});
	canvas.addEventListener('keydown', onKey);
	canvas.addEventListener('focus', redraw);
	canvas.addEventListener('blur', redraw);
	$('timeline-copy').addEventListener('click', () => window.dwell.copyText(marked().options));
	window.addEventListener('resize', relayout);
	window.addEventListener('beforeprint', relayout);
	dark.addEventListener('change', showAll);
	document.addEventListener('dwell:shown', redraw);
	new ResizeObserver(relayout).observe(box);
}

function onKey(event) {
	const moves = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]}[event.key];

	if (event.altKey || event.ctrlKey || event.metaKey)
		return;
	if (moves) {
		state.row = Math.max(0, Math.min(rows.length - 1, state.row + moves[0]));
		state.column = Math.max(0, Math.min(line.columns - 1, state.column + moves[1] * (event.shiftKey ? 20 : 1)));
		say(cellText(state.row, state.column));
		redraw();
	} else if (event.key === 'Enter') {
		chooseThread(state.row);
	} else if (event.key === 'Escape' && state.from >= 0) {
		unmark();
		event.stopPropagation();
	} else {
		return;
	}
	event.preventDefault();
}

/* ---- the rest ---- */

function showLegend() {
	const used = new Set(rows.flatMap((r) => Array.from(new Set(r.cells)).filter(Boolean).map(cellKind)));

	$('timeline-legend').replaceChildren(...[...used].sort((a, b) => a - b).map((kind) => {
		const swatch = document.createElement('span'), item = document.createElement('span');

		swatch.className = 'swatch';
		swatch.style.background = color(kind, line.levels);
		item.append(swatch, kind === RUNNABLE ? 'runnable, waiting for a CPU' : kindName(kind));
		return item;
	}));
}

function showNote() {
	const parts = ['A click on a name shows the stacks of that thread only. Drag to mark a time: the options that cut it out of the recording appear.'];

	if (line.left_out)
		parts.push(`${line.left_out} more threads waited less and have no row.`);
	if (line.untimed)
		parts.push(`${line.untimed} waits have no time and are not here: they came as sums, or there were too many, and the shortest are left out first.`);
	$('timeline-note').textContent = parts.join(' ');
}

function relayout() {
	layout();
	draw();
}

function showAll() {
	showLegend();
	relayout();
}

/* For tests and for the console. */
window.dwell.timeline = {
	rows: rows.map((r) => ({thread: r.thread, name: r.name, cells: Array.from(r.cells)})),
	kindName, cellKind, cellLevel, marked,
	columns: line.columns, column_ns: line.column_ns,
	locate(row, column) {
		const rect = canvas.getBoundingClientRect();

		return {x: rect.left + x(column + 0.5), y: rect.top + AXIS + (row + 0.5) * ROW};
	},
};
showNote();
showAll();
listen();
})();
