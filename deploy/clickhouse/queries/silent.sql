-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
--
-- Hosts of which nothing came for 15 minutes that sent something since yesterday:
--
--     clickhouse-client < silent.sql

SELECT host, max(end_time) AS last_time
FROM dwell.stacks
WHERE day >= yesterday()
GROUP BY host
HAVING last_time < now() - 900
ORDER BY last_time
