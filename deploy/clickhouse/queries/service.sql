-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
--
-- Where one service waited in the last seven days, on all hosts. A group is what `dwell serve --group-by` makes it.
--
--     sed s/redis-server/shop/ service.sql | clickhouse-client | dwell report -o shop.html -

SELECT stack, total_ns
FROM
(
	SELECT stack_id, sum(ns) AS total_ns
	FROM dwell.stacks FINAL
	WHERE `group` = 'redis-server' AND day > yesterday() - 7 AND day <= yesterday()
	GROUP BY stack_id
) AS sums
INNER JOIN
(
	SELECT stack_id, any(stack) AS stack
	FROM dwell.texts
	WHERE day > yesterday() - 7 AND day <= yesterday()
	GROUP BY stack_id
) AS texts USING (stack_id)
ORDER BY total_ns DESC, stack
