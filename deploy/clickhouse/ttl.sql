-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
--
-- ClickHouse 19.6 and later forget by themselves; for 18.16 there is drop-old-days.

ALTER TABLE dwell.stacks MODIFY TTL day + INTERVAL 30 DAY;
ALTER TABLE dwell.texts MODIFY TTL day + INTERVAL 30 DAY;
