-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
--
-- Tables for the stacks of a fleet, which `dwell push --to clickhouse=URL` fills. For ClickHouse 18.16 (Debian's) and
-- everything since:
--
--     clickhouse-client -n < schema.sql
--
-- A segment that arrives twice has the same rows, so they collapse: at once in queries with FINAL, later also on the disk.
-- A stack's text is kept once a day, not in each row: a row takes about 20 bytes, and sums don't read texts.

CREATE DATABASE IF NOT EXISTS dwell;

-- What is sent. Keeps nothing itself: the two views below put it where it belongs.
CREATE TABLE IF NOT EXISTS dwell.incoming
(
	host String,
	`group` String,
	reason String,
	stack String,
	ns UInt64,
	count UInt64,
	segment String,
	start_ns UInt64,
	end_ns UInt64
)
ENGINE = Null;

-- How long, and how often, the threads of a group waited in a stack during a window, on one host.
CREATE TABLE IF NOT EXISTS dwell.stacks
(
	day Date,
	start_time DateTime,
	end_time DateTime,
	host String,
	`group` String,
	reason String,
	stack_id FixedString(16),
	ns UInt64,
	count UInt64,
	segment_id UInt64
)
ENGINE = ReplacingMergeTree()
PARTITION BY day
ORDER BY (`group`, reason, stack_id, host, start_time, segment_id);

-- What the stacks are: frames, root first, with ';' between them.
CREATE TABLE IF NOT EXISTS dwell.texts
(
	day Date,
	stack_id FixedString(16),
	stack String
)
ENGINE = ReplacingMergeTree()
PARTITION BY day
ORDER BY stack_id;

-- segment_id: the first 16 digits of the segment's id, which hex(segment_id) shows again.
CREATE MATERIALIZED VIEW IF NOT EXISTS dwell.incoming_stacks TO dwell.stacks AS
SELECT
	toDate(toDateTime(intDiv(start_ns, 1000000000)), 'UTC') AS day,
	toDateTime(intDiv(start_ns, 1000000000)) AS start_time,
	toDateTime(intDiv(end_ns, 1000000000)) AS end_time,
	host,
	`group`,
	reason,
	sipHash128(stack) AS stack_id,
	ns,
	count,
	reinterpretAsUInt64(reverse(unhex(substring(segment, 1, 16)))) AS segment_id
FROM dwell.incoming;

CREATE MATERIALIZED VIEW IF NOT EXISTS dwell.incoming_texts TO dwell.texts AS
SELECT
	toDate(toDateTime(intDiv(start_ns, 1000000000)), 'UTC') AS day,
	sipHash128(stack) AS stack_id,
	stack
FROM dwell.incoming
GROUP BY day, stack_id, stack;
