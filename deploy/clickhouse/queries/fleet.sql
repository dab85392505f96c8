-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
--
-- Where the whole fleet waited yesterday:
--
--     clickhouse-client < fleet.sql | dwell report -o fleet.html -

SELECT stack, total_ns
FROM
(
	SELECT stack_id, sum(ns) AS total_ns
	FROM dwell.stacks FINAL
	WHERE day = yesterday()
	GROUP BY stack_id
) AS sums
INNER JOIN
(
	SELECT stack_id, any(stack) AS stack
	FROM dwell.texts
	WHERE day = yesterday()
	GROUP BY stack_id
) AS texts USING (stack_id)
ORDER BY total_ns DESC, stack
