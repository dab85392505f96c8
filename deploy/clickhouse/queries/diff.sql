-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
--
-- Yesterday beside the same day a week before: what grew or shrank most, in nanoseconds. Days with different numbers of
-- hosts compare badly: restrict both to the hosts of both.
--
--     clickhouse-client < diff.sql > diff.tsv
--     awk -F'\t' '{ print $1 " " int($2 / 1000) " " int($3 / 1000) }' diff.tsv | flamegraph.pl > diff.svg

SELECT stack, before_ns, after_ns
FROM
(
	SELECT
		stack_id,
		sumIf(ns, day = yesterday() - 7) AS before_ns,
		sumIf(ns, day = yesterday()) AS after_ns
	FROM dwell.stacks FINAL
	WHERE day = yesterday() - 7 OR day = yesterday()
	GROUP BY stack_id
) AS sums
INNER JOIN
(
	SELECT stack_id, any(stack) AS stack
	FROM dwell.texts
	WHERE day = yesterday() - 7 OR day = yesterday()
	GROUP BY stack_id
) AS texts USING (stack_id)
ORDER BY abs(toInt64(after_ns) - toInt64(before_ns)) DESC, stack
