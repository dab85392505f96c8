// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// A current ClickHouse (chDB from npm, its engine without a server): a JSON list of statements comes on standard input, one
// of what they print goes to standard output.
//
//     node clickhouse_current.js NODE_MODULES/chdb DIRECTORY
const fs = require("fs");
const { Session } = require(process.argv[2]);

const session = new Session(process.argv[3]);
const answers = JSON.parse(fs.readFileSync(0, "utf8")).map((statement) => session.query(statement, "TabSeparated"));
fs.writeSync(1, JSON.stringify(answers.map((answer) => answer || "")));
session.cleanup();
