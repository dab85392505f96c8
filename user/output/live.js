/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Keeps a page of `dwell serve` up to date: asks for its own address again and shows what comes,
 * window after window. Nothing is asked while the page is hidden or paused, so a forgotten tab
 * costs the machine nothing.
 */
(function () {
'use strict';

const RETRY_S = [1, 2, 5, 10, 30];

const $ = (id) => document.getElementById(id);
const button = $('live'), said = $('live-said');
const seconds = Number(button.dataset.seconds);
let asking = null; /* an AbortController while an answer is awaited */
let timer = 0;
let failed = 0; /* tries in a row */
let live = true;

const now = () => new Date().toLocaleTimeString();

/* The facts, and whether there is anything, are of a window too. */
function takeHeader(page) {
	const details = document.querySelector('header details');
	const heading = (d) => d.querySelector('#threads').closest('section').querySelector('h2');

	for (const what of ['header .facts', 'header details']) {
		const from = page.querySelector(what), to = document.querySelector(what);

		if (from && to)
			to.replaceWith(from);
	}
	if (details && details.open)
		document.querySelector('header details').open = true;
	heading(document).textContent = heading(page).textContent;
	document.querySelectorAll('.empty').forEach((el) => el.remove());
	page.querySelectorAll('.empty').forEach((el) => $('viewer').after(el));
}

function take(text) {
	const page = new DOMParser().parseFromString(text, 'text/html');

	takeHeader(page);
	window.dwell.show(page.getElementById('data').textContent);
	said.textContent = `the ${seconds} s up to ${now()}`;
}

async function answer(response) {
	const text = await response.text();

	if (!response.ok)
		throw new Error(text.trim() || `HTTP ${response.status}`);
	return text;
}

async function ask() {
	clearTimeout(timer);
	if (!live || asking || document.hidden)
		return;
	asking = new AbortController();
	const signal = asking.signal;

	try {
		take(await answer(await fetch(location.pathname + location.search, {signal})));
		failed = 0;
	} catch (e) {
		if (!signal.aborted) {
			said.textContent = `${e.message} (tried at ${now()}; the picture is older)`;
			failed++;
		}
	}
	if (asking && asking.signal === signal)
		asking = null;
	if (live && !asking)
		timer = setTimeout(ask, failed ? 1000 * RETRY_S[Math.min(failed, RETRY_S.length) - 1] : 0);
}

function stop() {
	clearTimeout(timer);
	if (asking)
		asking.abort();
	asking = null;
}

button.addEventListener('click', () => {
	live = !live;
	button.setAttribute('aria-pressed', String(live));
	if (live)
		ask();
	else
		stop();
});
document.addEventListener('visibilitychange', ask);

if (location.protocol === 'http:' || location.protocol === 'https:') {
	said.textContent = `the ${seconds} s up to ${now()}`;
	ask();
} else {
	/* A saved copy has nobody to ask. */
	button.hidden = true;
}
})();
