/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The table of functions inside the HTML file: where waits ended (self), and what was on the stack meanwhile (total, once however often it
 * is there). Follows the reasons, the thread and the modules that are chosen; the zoom does not change it.
 */
(function () {
'use strict';

const MOST = 200;
const $ = (id) => document.getElementById(id);
const COLUMNS = [['self', 'self'], ['', 'self'], ['total', 'total'], ['', 'total'], ['function', 'name'], ['module', 'module']];
/* No functions: whose the stack is, and signs. */
const LEFT_OUT = ['process', 'delimiter', 'state'];
let order = 'self';

/* By frame; sibling names are distinct, so one frame is one function. */
function sums({tree, frameCnt}) {
	const self = new Float64Array(frameCnt), total = new Float64Array(frameCnt), open = new Int32Array(frameCnt);
	const path = [];

	for (let i = 1; i < tree.cnt; i++) {
		while (path.length && i >= tree.end[path[path.length - 1]])
			open[tree.frame[path.pop()]]--;
		const f = tree.frame[i];

		self[f] += tree.self[i];
		if (!open[f]++)
			total[f] += tree.us[i];
		path.push(i);
	}
	return {self, total};
}

/* A function may be where a thread waits and in the stack of who woke it. */
function moduleText(data, f) {
	const module = data.strings[data.frames[3 * f + 1]], kind = data.kinds[data.frames[3 * f + 2]];

	return kind !== 'waker' ? module : module ? module + ', of the waker' : 'waker';
}

/* [{name, module, self, total}], those without time left out. */
function functions() {
	const shown = window.dwell.shown, {data, frameCnt} = shown, {self, total} = sums(shown), list = [];

	for (let f = 0; f < frameCnt; f++)
		if (total[f] > 0 && !LEFT_OUT.includes(data.kinds[data.frames[3 * f + 2]]))
			list.push({name: shown.frameName(f), module: moduleText(data, f), self: self[f], total: total[f]});
	return list;
}

function compare(a, b) {
	const x = a[order], y = b[order];

	if (x !== y)
		return typeof x === 'string' ? (x < y ? -1 : 1) : y - x;
	return b.total - a.total || (a.name < b.name ? -1 : 1);
}

/* A pattern that finds just this name. */
const exactly = (name) => '^' + name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') + '$';

function row(f, all) {
	const {make, visible, fmtTime, fmtPct} = window.dwell.shown, name = visible(f.name);
	const button = make('button', {type: 'button', textContent: name, title: name});

	button.addEventListener('click', () => {
		/* In lower case a pattern would find both cases: what was made of it finds one. */
		window.dwell.search(new RegExp(exactly(f.name)));
		$('viewer').scrollIntoView({block: 'start'});
	});
	return make('tr', {}, make('td', {textContent: fmtTime(f.self)}), make('td', {textContent: fmtPct(f.self, all)}),
		make('td', {textContent: fmtTime(f.total)}), make('td', {textContent: fmtPct(f.total, all)}),
		make('td', {className: 'text'}, button), make('td', {className: 'text', textContent: visible(f.module), title: visible(f.module)}));
}

function fill() {
	const list = functions().sort(compare), all = window.dwell.shown_us;

	$('functions').tBodies[0].replaceChildren(...list.slice(0, MOST).map((f) => row(f, all)));
	$('functions-note').textContent = (list.length > MOST ? `The first ${MOST} of ${list.length}. ` : '') +
		'Self: waits ended there. Total: it was on the stack. A click on a name finds it in the picture.';
	document.querySelectorAll('#functions th').forEach((th, i) =>
		th.setAttribute('aria-sort', COLUMNS[i][0] && COLUMNS[i][1] === order ? (i < 4 ? 'descending' : 'ascending') : 'none'));
}

function build() {
	const {make} = window.dwell.shown;

	$('functions').tHead.append(make('tr', {}, ...COLUMNS.map(([name, key], i) => {
		const th = make('th', {scope: 'col', className: i < 4 ? '' : 'text'});

		if (name) {
			const button = make('button', {type: 'button', textContent: name});

			button.addEventListener('click', () => {
				order = key;
				fill();
			});
			th.append(button);
		} else {
			th.textContent = '%';
		}
		return th;
	})));
	fill();
}

window.dwell.functions = functions;
document.addEventListener('dwell:shown', fill);
setTimeout(build, 0);
})();
