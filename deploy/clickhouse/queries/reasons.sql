-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
--
-- The three reasons for which the threads of each host waited longest yesterday:
--
--     clickhouse-client < reasons.sql

SELECT host, reason, sum(ns) AS total_ns, sum(count) AS waits
FROM dwell.stacks FINAL
WHERE day = yesterday()
GROUP BY host, reason
ORDER BY host, total_ns DESC
LIMIT 3 BY host
