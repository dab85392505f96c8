// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Perfetto's own engine, trace_processor, as it is in a package of its pages: reads a trace and answers queries.
//
//     node perfetto_engine.js PACKAGE TRACE
//
// A JSON list of SQL statements comes on standard input; one of their answers, each a list of rows, goes to standard output.
'use strict';

const fs = require('fs');
const path = require('path');
const vm = require('vm');

const [, , packageDir, traceFile] = process.argv;
const APPEND_TRACE_DATA = 1, FINALIZE_TRACE_DATA = 2, QUERY_STREAMING = 3; /* methods */
const CHUNK = 16 << 20;

// ---- protocol buffers, as far as the engine's messages need them ----

function varint(value) {
	const bytes = [];

	for (let v = BigInt(value); ; v >>= 7n) {
		if (v < 0x80n)
			return Buffer.from([...bytes, Number(v)]);
		bytes.push(Number(v & 0x7fn) | 0x80);
	}
}

const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
const bytes = (field, data) => Buffer.concat([varint(field << 3 | 2), varint(data.length), data]);

function* varints(data) {
	for (let at = 0; at < data.length;) {
		let v = 0n;

		for (let shift = 0n; ; shift += 7n) {
			v |= BigInt(data[at] & 0x7f) << shift;
			if (!(data[at++] & 0x80))
				break;
		}
		yield {v, at};
	}
}

/* [field, value, wire type]: the value is a BigInt, or bytes. */
function* fields(data) {
	const next = () => {
		const {v, at} = varints(data).next().value;

		data = data.subarray(at);
		return v;
	};

	while (data.length) {
		const key = Number(next()), type = key & 7;

		if (type === 0) {
			yield [key >> 3, next(), type];
		} else {
			const len = type === 2 ? Number(next()) : 8;

			yield [key >> 3, data.subarray(0, len), type];
			data = data.subarray(len);
		}
	}
}

/*
 * The package's engine is of 2021, when the fields of arrows were others than now, numbers then. They are the only thing in the
 * trace that it doesn't know and that is asked for.
 */
function withOldFlows(trace) {
	const renamed = {47: 36, 48: 42};
	const copy = (data, depth) => Buffer.concat([...fields(data)].map(([field, value, type]) => {
		if (type === 0)
			return number(field, value);
		if (depth === 2 && renamed[field])
			return number(renamed[field], value.readBigUInt64LE());
		if (type === 1)
			return Buffer.concat([varint(field << 3 | 1), value]);
		return bytes(field, (depth === 0 && field === 1) || (depth === 1 && field === 11) ? copy(value, depth + 1) : value);
	}));

	return copy(trace, 0);
}

// ---- the engine ----

/* The bundle is made for a worker of a page: it waits for a port. */
async function start() {
	const answers = [];
	const port = {postMessage: (data) => answers.push(Buffer.from(data))};
	const bundle = path.join(packageDir, 'engine_bundle.js');

	global.self = {location: {href: ''}};
	global.require = require;
	global.__dirname = packageDir;
	console.log = () => {};
	console.warn = () => {};
	process.chdir(packageDir);
	vm.runInThisContext(fs.readFileSync(bundle, 'utf8'), {filename: bundle});
	await new Promise((resolve) => setTimeout(resolve, 0));
	global.self.onmessage({data: {enginePort: port}});
	let sequence = 0;

	/* The messages that answer a request. */
	return (method, field, args) => {
		const rpc = Buffer.concat([number(1, sequence++), number(2, method), field ? bytes(field, args) : Buffer.alloc(0)]);

		answers.length = 0;
		port.onmessage({data: new Uint8Array(bytes(1, rpc))});
		return answers.flatMap((stream) => [...fields(stream)].map(([, message]) => Object.fromEntries(fields(message))));
	};
}

const signed = (v) => BigInt.asIntN(64, v);

function* cellsOf(batch) {
	const all = {1: [], 2: [], 3: [], 4: [], 5: []};

	for (const [field, value] of fields(batch))
		if (all[field])
			all[field].push(value);
	const join = (field) => Buffer.concat(all[field]);
	const integers = [...varints(join(2))].map(({v}) => signed(v)), floats = join(3);
	const texts = join(5).toString('utf8').split('\0');
	let float = 0, text = 0, integer = 0;

	for (const {v: type} of varints(join(1)))
		if (type === 2n)
			yield integers[integer++];
		else if (type === 3n)
			yield floats.readDoubleLE(8 * float++);
		else if (type === 4n)
			yield texts[text++];
		else
			yield null;
}

function query(call, sql) {
	const columns = [], cells = [];

	for (const message of call(QUERY_STREAMING, 103, bytes(1, Buffer.from(sql)))) {
		if (message[5])
			throw new Error(`${message[5]}`);
		for (const [field, value] of fields(message[203]))
			if (field === 1)
				columns.push(`${value}`);
			else if (field === 2 && value.length)
				throw new Error(`${sql}: ${value}`);
			else if (field === 3)
				for (const cell of cellsOf(value))
					cells.push(cell);
	}
	const rows = [];

	for (let i = 0; i < cells.length; i += columns.length)
		rows.push(cells.slice(i, i + columns.length));
	return rows;
}

/* Integers have all their digits. */
function json(value) {
	if (typeof value === 'bigint')
		return `${value}`;
	return Array.isArray(value) ? `[${value.map(json).join(',')}]` : JSON.stringify(value);
}

async function main() {
	const statements = JSON.parse(fs.readFileSync(0, 'utf8'));
	const trace = withOldFlows(fs.readFileSync(traceFile));
	const call = await start();

	for (let at = 0; at < trace.length; at += CHUNK)
		for (const message of call(APPEND_TRACE_DATA, 101, trace.subarray(at, at + CHUNK))) {
			const error = message[201] && Object.fromEntries(fields(message[201]))[2];

			if (error)
				throw new Error(`${error}`);
		}
	call(FINALIZE_TRACE_DATA);
	process.stdout.write(json(statements.map((sql) => query(call, sql))));
}

main().catch((e) => {
	process.stderr.write(`${e.stack || e}\n`);
	process.exit(1);
});
