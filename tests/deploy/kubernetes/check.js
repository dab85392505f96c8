/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Are manifests what Kubernetes understands? The compiler of TypeScript is asked, which knows the types of all objects, with a
 * constant for each document:
 *
 *	node check.js DIR FILE...
 *
 * DIR has node_modules. Prints what is wrong, FILE#DOCUMENT: MESSAGE: LINE; the status is 1 then, or 2 for a kind without a type.
 */
'use strict';

const {execFileSync} = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const [, , dirArg, ...files] = process.argv;
const dir = path.resolve(dirArg);
const yaml = require(path.join(dir, 'node_modules', 'js-yaml'));

const TYPES = {
	'v1 Namespace': ['kubernetes-types/core/v1.js', 'Namespace'],
	'apps/v1 DaemonSet': ['kubernetes-types/apps/v1.js', 'DaemonSet'],
	'apps/v1 Deployment': ['kubernetes-types/apps/v1.js', 'Deployment'],
	'monitoring.coreos.com/v1 PodMonitor':
		['@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor', 'IPodMonitor'],
};

const lines = [];
const starts = []; // {line, name} of each document

for (const file of files) {
	for (const [i, document] of yaml.loadAll(fs.readFileSync(file, 'utf8')).entries()) {
		const kind = `${document.apiVersion} ${document.kind}`;
		const n = starts.length;

		if (!TYPES[kind]) {
			console.log(`${file}: no type for ${kind}`);
			process.exit(2);
		}
		const [module, type] = TYPES[kind];

		starts.push({line: lines.length + 1, name: `${file}#${i}`});
		lines.push(`import type {${type} as T${n}} from '${module}';`,
			...`export const object${n}: T${n} = ${JSON.stringify(document, null, 1)};`.split('\n'));
	}
}

const source = path.join(dir, 'manifests.mts');

fs.writeFileSync(source, lines.join('\n') + '\n');
try {
	execFileSync(path.join(dir, 'node_modules', '.bin', 'tsc'), ['--noEmit', '--strict', '--skipLibCheck',
		'--module', 'node16', '--moduleResolution', 'node16', source],
		{cwd: dir, encoding: 'utf8', maxBuffer: 1 << 26});
} catch (e) {
	for (const error of e.stdout.matchAll(/^\S*manifests\.mts\((\d+),\d+\): (.*)$/gm)) {
		const at = starts.filter((start) => start.line <= Number(error[1])).pop();

		console.log(`${at.name}: ${error[2]}: ${lines[error[1] - 1].trim()}`);
	}
	process.exit(1);
}
console.log(`${starts.length} objects`);
