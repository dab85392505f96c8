// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// A node process whose threads are blocked in different ways, and work. Each line of standard input names the main
// thread's next activity; it ends when standard input does. The first argument is a FIFO without a writer.
'use strict';
const childProcess = require('child_process');
const crypto = require('crypto');
const dns = require('dns');
const fs = require('fs');
const zlib = require('zlib');
const { Worker, isMainThread, workerData } = require('worker_threads');

function busy(milliseconds, step) {
  const end = Date.now() + milliseconds;
  while (Date.now() < end) step();
}

const data = crypto.randomBytes(1 << 18);

const activities = {
  rest() {},
  sync_deflate: () => busy(900, () => zlib.deflateSync(data, { level: 9 })),
  pbkdf2: () => busy(900, () => crypto.pbkdf2Sync('word', 'salt', 20000, 64, 'sha512')),
  scrypt: () => busy(900, () => crypto.scryptSync('word', 'salt', 64)),
  keys: () => busy(900, () => crypto.generateKeyPairSync('rsa', { modulusLength: 2048 })),
  json: () => {
    const text = JSON.stringify(Array.from({ length: 20000 }, (_, i) => ({ k: i, v: `v${i}` })));
    busy(900, () => JSON.stringify(JSON.parse(text)));
  },
  regex: () => busy(900, () => /^(a|aa)+$/.test('a'.repeat(25) + 'b')),
  garbage: () => {
    const kept = [];
    busy(900, () => {
      kept.push(new Array(1000).fill({}).map((_, i) => ({ i })));
      if (kept.length > 2000) kept.length = 0;
    });
  },
  compile: () => busy(900, () => new Function(`let s = ${Math.random()}; ` + 's += Math.sqrt(s);'.repeat(500))()),
  files: () => busy(900, () => fs.readdirSync('/usr/bin').forEach((f) => fs.statSync(`/usr/bin/${f}`))),
  child: () => childProcess.spawnSync('sleep', ['0.9']),
  atomics: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 900),
  sort: () => busy(900, () => Array.from(data).sort()),
  pool: () => {
    for (let i = 0; i < 30; i++) {
      zlib.deflate(data, { level: 9 }, () => {});
      crypto.pbkdf2('word', `${i}`, 60000, 64, 'sha512', () => {});
      crypto.scrypt('word', `${i}`, 64, () => {});
      fs.readFile('/proc/self/smaps', () => {});
      dns.lookup('localhost', () => {});
    }
  },
};

function worker() {
  if (workerData === 'read') fs.readFileSync(process.env.TRUTH_FIFO);
  if (workerData === 'wait') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  if (workerData === 'idle') setInterval(() => {}, 1e6);
  if (workerData === 'work') for (;;) { activities.pbkdf2(); activities.json(); }
}

function main() {
  for (const what of ['read', 'wait', 'idle', 'work']) new Worker(__filename, { workerData: what });
  fs.open(process.argv[2], () => {}); // one thread of the pool opens a FIFO for ever
  require('readline').createInterface({ input: process.stdin })
    .on('line', (name) => activities[name]())
    .on('close', () => process.exit(0));
  console.log('ready');
}

if (isMainThread) main(); else worker();
