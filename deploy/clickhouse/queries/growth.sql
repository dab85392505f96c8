-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
--
-- What yesterday had more of than the same day a week before:
--
--     clickhouse-client < growth.sql | dwell report -o growth.html -

SELECT stack, growth_ns
FROM
(
	SELECT
		stack_id,
		toInt64(sumIf(ns, day = yesterday())) - toInt64(sumIf(ns, day = yesterday() - 7)) AS growth_ns
	FROM dwell.stacks FINAL
	WHERE day = yesterday() - 7 OR day = yesterday()
	GROUP BY stack_id
	HAVING growth_ns > 0
) AS sums
INNER JOIN
(
	SELECT stack_id, any(stack) AS stack
	FROM dwell.texts
	WHERE day = yesterday()
	GROUP BY stack_id
) AS texts USING (stack_id)
ORDER BY growth_ns DESC, stack
