/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Every metric there is: the one table of names, types, labels and help, that docs/metrics.md is checked against.
 * What each one counts, metrics_text.c says.
 */
#ifndef OUTPUT_METRIC_TABLE_H
#define OUTPUT_METRIC_TABLE_H

#include "output/exposition.h"

/* id, name in text 0.0.4, type, labels ("group": those of --group-by), help. In the order in which they are written. */
#define METRIC_LIST(X)                                                                             \
	/* What it is all for. */                                                                  \
	X(BLOCK_DURATION, "dwell_block_duration_seconds", HISTOGRAM, "reason",                     \
	  "Time from switch-out to wake-up of threads that blocked.")                              \
	X(RUNQUEUE_WAIT, "dwell_runqueue_wait_seconds", HISTOGRAM, "sched_class",                  \
	  "Time from wake-up or preemption to running.")                                           \
	X(SYSCALL_DURATION, "dwell_syscall_duration_seconds", HISTOGRAM, "syscall",                \
	  "Time from system call entry to exit.")                                                  \
	X(SYSCALLS, "dwell_syscalls_total", COUNTER, "syscall", "System calls that returned.")     \
	X(SYSCALL_ERRORS, "dwell_syscall_errors_total", COUNTER, "syscall,errno",                  \
	  "System calls that failed.")                                                             \
	X(GROUP_BLOCKED, "dwell_group_blocked_seconds_total", COUNTER, "group,reason",             \
	  "Blocked time of the group's threads.")                                                  \
	X(GROUP_BLOCKS, "dwell_group_blocks_total", COUNTER, "group,reason",                       \
	  "Blocks of the group's threads.")                                                        \
	X(GROUP_RUNQUEUE, "dwell_group_runqueue_seconds_total", COUNTER, "group",                  \
	  "Time that the group's threads waited for a CPU.")                                       \
	X(RETIRED_BLOCKED, "dwell_group_retired_blocked_seconds_total", COUNTER, "reason",         \
	  "Blocked time of groups that are no longer shown.")                                      \
	X(RETIRED_BLOCKS, "dwell_group_retired_blocks_total", COUNTER, "reason",                   \
	  "Blocks of groups that are no longer shown.")                                            \
	X(RETIRED_RUNQUEUE, "dwell_group_retired_runqueue_seconds_total", COUNTER, "",             \
	  "Time waited for a CPU of groups that are no longer shown.")                             \
	X(GROUPS, "dwell_groups", GAUGE, "", "Groups that are shown, the one of others included.") \
	X(GROUP_OVERFLOW, "dwell_group_overflow_total", COUNTER, "",                               \
	  "Waits counted under other because all groups were taken.")                              \
	X(WAKEUPS, "dwell_wakeups_total", COUNTER, "waker", "Blocks by what ended them.")          \
	X(STACK_FRAMES, "dwell_stack_frames", HISTOGRAM, "stack",                                  \
	  "Frames of the stacks in which threads left the CPU.")                                   \
	X(THREADS_BLOCKED, "dwell_threads_blocked", GAUGE, "reason", "Threads blocked now.")       \
	X(LONGEST_BLOCK, "dwell_longest_block_seconds", GAUGE, "",                                 \
	  "Length so far of the longest block that is still in progress.")                         \
	/* Go programs. */                                                                         \
	X(GO_PROCESSES, "dwell_go_processes", GAUGE, "group",                                      \
	  "Processes of Go programs whose goroutines are read.")                                   \
	X(GO_GOROUTINES, "dwell_go_goroutines", GAUGE, "group,state,scope", "Goroutines now.")     \
	X(GO_BLOCKED, "dwell_go_blocked_goroutines", GAUGE, "group,blocking_reason,stack_depth",   \
	  "Goroutines of the program that do not run now.")                                        \
	X(GO_BLOCKED_TIME, "dwell_go_blocked_seconds_total", COUNTER,                              \
	  "group,scheduler,blocking_reason,stack_depth",                                           \
	  "Time in which goroutines did not run, by samples.")                                     \
	X(GO_WAITS, "dwell_go_block_duration_seconds", HISTOGRAM, "group,blocking_reason",         \
	  "Length of the waits of goroutines that were longer than the time between two samples.") \
	X(GO_OLDEST, "dwell_go_oldest_block_seconds", GAUGE, "group,blocking_reason",              \
	  "Length so far of the longest wait that is still in progress.")                          \
	X(GO_PARKS, "dwell_go_parks_total", COUNTER, "group",                                      \
	  "How often goroutines began to wait, without system calls: from Go 1.26 on.")            \
	X(GO_SWITCHES, "dwell_go_switches_total", COUNTER, "group",                                \
	  "How often goroutines began to wait or called the system: Go 1.17 to 1.25.")             \
	X(GO_CREATED, "dwell_go_goroutines_created_total", COUNTER, "group",                       \
	  "Goroutines that were created, by the numbers that the runtime has given out.")          \
	X(GO_LATENCY, "dwell_go_sched_latency_seconds", HISTOGRAM, "group",                        \
	  "Time from runnable to running of one goroutine in eight, as the runtime counts it.")    \
	X(GO_PAUSE, "dwell_go_stw_pause_seconds", HISTOGRAM, "group,kind",                         \
	  "Time in which all goroutines were stopped, as the runtime counts it.")                  \
	X(GO_MUTEX_WAIT, "dwell_go_mutex_wait_seconds_total", COUNTER, "group",                    \
	  "Time that goroutines waited for mutexes, as the runtime estimates it.")                 \
	X(GO_THREADS, "dwell_go_threads", GAUGE, "group,state", "Threads of the program now.")     \
	X(GO_THREAD_OFFCPU, "dwell_go_thread_offcpu_seconds_total", COUNTER, "group,class",        \
	  "Time that the program's threads were off their CPUs.")                                  \
	X(GO_LEAK_GOROUTINES, "dwell_go_leak_suspect_goroutines", GAUGE, "group,verdict",          \
	  "Goroutines at places that seem to leak them.")                                          \
	X(GO_LEAK_SITES, "dwell_go_leak_suspect_sites", GAUGE, "group,verdict", "Such places.")    \
	X(GO_METHOD, "dwell_go_method_info", GAUGE, "method",                                      \
	  "How the times of goroutines are found.")                                                \
	X(GO_SNAPSHOT, "dwell_go_snapshot_seconds", HISTOGRAM, "",                                 \
	  "CPU time of each look at the goroutines of a process.")                                 \
	X(GO_TORN, "dwell_go_snapshot_torn_total", COUNTER, "",                                    \
	  "Stacks of goroutines that changed each time they were read.")                           \
	X(GO_OVERRUN, "dwell_go_snapshot_overrun_total", COUNTER, "",                              \
	  "Looks that were left out to keep to the budget of CPU time.")                           \
	X(GO_UNSUPPORTED, "dwell_go_unsupported_info", GAUGE, "cause",                             \
	  "Whether there are Go programs whose goroutines are not read for this cause.")           \
	/* The ledger, and what else went wrong. */                                                \
	X(EVENTS, "dwell_events_total", COUNTER, "event", "Events read from the kernel.")          \
	X(EVENTS_LOST, "dwell_events_lost_total", COUNTER, "cause",                                \
	  "Events lost between the kernel and the metrics.")                                       \
	X(OBSERVED, "dwell_observed_seconds_total", COUNTER, "",                                   \
	  "Off-CPU time that the probes saw, before any decision.")                                \
	X(DELIVERED, "dwell_delivered_seconds_total", COUNTER, "",                                 \
	  "Of the observed time, what arrived wait by wait.")                                      \
	X(FILTERED, "dwell_filtered_seconds_total", COUNTER, "",                                   \
	  "Of the observed time, what a filter or the CPU limit left out.")                        \
	X(SPILLED, "dwell_spilled_seconds_total", COUNTER, "",                                     \
	  "Of the observed time, what the kernel added up because a ring was full.")               \
	X(SPILLED_BEFORE, "dwell_spilled_before_seconds_total", COUNTER, "",                       \
	  "Of the spilled time, what is in no histogram: windows had begun to show those waits.")  \
	X(LOST, "dwell_lost_seconds_total", COUNTER, "cause",                                      \
	  "Of the observed time, what is in no metric.")                                           \
	X(AVERAGED, "dwell_averaged_waits_total", COUNTER, "",                                     \
	  "Waits that came added up: histograms have them at their mean.")                         \
	X(MERGED, "dwell_merged_waits_total", COUNTER, "",                                         \
	  "Waits that the files of windows with too many stacks have without thread and stack.")   \
	X(COMPLETENESS, "dwell_completeness_ratio", GAUGE, "",                                     \
	  "Share of waits that were not lost, since the exposition before.")                       \
	X(RING_USED, "dwell_ring_used_bytes", GAUGE, "",                                           \
	  "Most that was in the rings at a time since the exposition before.")                     \
	X(RING_SIZE, "dwell_ring_size_bytes", GAUGE, "", "Size of the rings.")                     \
	X(EVENT_DELAY, "dwell_event_delay_seconds", HISTOGRAM, "",                                 \
	  "Time from the end of a wait to its reading.")                                           \
	X(UNMATCHED, "dwell_unmatched_events_total", COUNTER, "cause",                             \
	  "Waits whose beginning, wake-up or end the kernel did not report.")                      \
	X(STACK_FAILURES, "dwell_stack_failures_total", COUNTER, "stack",                          \
	  "Stacks that could not be read at all.")                                                 \
	X(UNWIND_ERRORS, "dwell_unwind_errors_total", COUNTER, "cause",                            \
	  "User stacks that end before their outermost frame.")                                    \
	X(SYMBOL_LOOKUPS, "dwell_symbol_lookups_total", COUNTER, "",                               \
	  "Frames for which a name was looked up.")                                                \
	X(SYMBOL_MISSES, "dwell_symbol_misses_total", COUNTER, "cause", "And none was found.")     \
	X(LAST_EVENT, "dwell_last_event_timestamp_seconds", GAUGE, "",                             \
	  "When the last event was read.")                                                         \
	/* The program. */                                                                         \
	X(BUILD_INFO, "dwell_build_info", GAUGE, "version,revision,kernel,libbpf",                 \
	  "Always 1; what runs here.")                                                             \
	X(PROGRAM_RUNS, "dwell_bpf_program_runs_total", COUNTER, "program",                        \
	  "Runs of a BPF program, while the kernel counts them.")                                  \
	X(PROGRAM_RUN_TIME, "dwell_bpf_program_run_seconds_total", COUNTER, "program",             \
	  "Time spent in a BPF program, while the kernel counts it.")                              \
	X(PROBE_ATTACHED, "dwell_probe_attached", GAUGE, "probe",                                  \
	  "Whether the probe is attached.")                                                        \
	X(MAP_ENTRIES, "dwell_bpf_map_entries", GAUGE, "map", "Entries in a BPF map.")             \
	X(MAP_MAX_ENTRIES, "dwell_bpf_map_max_entries", GAUGE, "map",                              \
	  "Entries that a BPF map has room for.")                                                  \
	X(MIN_INTERVAL, "dwell_min_interval_seconds", GAUGE, "",                                   \
	  "Waits shorter than this are left out to keep to the CPU limit.")                        \
	X(THROTTLE_LEVEL, "dwell_throttle_level", GAUGE, "",                                       \
	  "How often that was raised; 0: not at all.")                                             \
	X(RELOAD_OK, "dwell_config_last_reload_successful", GAUGE, "",                             \
	  "Whether the last reload of the configuration succeeded.")                               \
	X(RELOAD_TIME, "dwell_config_last_reload_success_timestamp_seconds", GAUGE, "",            \
	  "When the configuration was read last with success.")                                    \
	X(SCRAPE_DURATION, "dwell_scrape_duration_seconds", GAUGE, "",                             \
	  "How long the exposition before took.")                                                  \
	X(EXPOSITION_BYTES, "dwell_exposition_bytes", GAUGE, "",                                   \
	  "Size of the exposition before, uncompressed.")                                          \
	/* What is written and sent. */                                                            \
	X(OUTPUT_FAILING, "dwell_output_failing", GAUGE, "output",                                 \
	  "Whether the last write to the output failed.")                                          \
	X(OUTPUT_FAILURES, "dwell_output_failures_total", COUNTER, "output",                       \
	  "Writes to the output that failed.")                                                     \
	X(SPOOL_BYTES, "dwell_spool_bytes", GAUGE, "target", "Bytes that wait to be sent.")        \
	X(SPOOL_SEGMENTS, "dwell_spool_segments", GAUGE, "target",                                 \
	  "Segments that wait to be sent.")                                                        \
	X(SPOOL_OLDEST, "dwell_spool_oldest_timestamp_seconds", GAUGE, "target",                   \
	  "When the oldest segment that waits began; missing when none does.")                     \
	X(SPOOL_DROPPED, "dwell_spool_dropped_segments_total", COUNTER, "target,cause",            \
	  "Segments that will not be sent.")                                                       \
	X(UPLOAD_REQUESTS, "dwell_upload_requests_total", COUNTER, "target",                       \
	  "Requests to a receiver that ended, however.")                                           \
	X(UPLOAD_FAILURES, "dwell_upload_failures_total", COUNTER, "target,cause",                 \
	  "Requests to a receiver that failed.")                                                   \
	X(UPLOAD_SEGMENTS, "dwell_upload_segments_total", COUNTER, "target",                       \
	  "Segments that a receiver took.")                                                        \
	X(UPLOAD_TIME, "dwell_upload_last_success_timestamp_seconds", GAUGE, "target",             \
	  "When a receiver took a segment last; missing when it never did.")                       \
	/* As every program has them. */                                                           \
	X(PROCESS_CPU, "process_cpu_seconds_total", COUNTER, "",                                   \
	  "User and system CPU time of this process.")                                             \
	X(PROCESS_RSS, "process_resident_memory_bytes", GAUGE, "",                                 \
	  "Resident memory of this process.")                                                      \
	X(PROCESS_FDS, "process_open_fds", GAUGE, "", "Open file descriptors of this process.")    \
	X(PROCESS_START, "process_start_time_seconds", GAUGE, "",                                  \
	  "When this process started, in seconds since 1970.")

enum metric_id {
#define X(id, name, type, labels, help) METRIC_##id,
	METRIC_LIST(X)
#undef X
		METRIC_CNT
};

extern const struct metric_family metric_table[METRIC_CNT];

#endif
