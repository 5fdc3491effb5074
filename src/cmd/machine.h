/* SPDX-License-Identifier: MIT */
/*
 * What the machine had to spare while a run lasted: its CPUs' idle time, and how long the run's own processes waited
 * for a CPU. For a network in the guest kernel this is asked on the host, which alone sees what runs beside the guest.
 */
#ifndef GN_CMD_MACHINE_H
#define GN_CMD_MACHINE_H

#include <stdbool.h>

#include "util/time.h"
#include "util/util.h"

/* How often to call gn_machine_look(): short enough to see a moment's overload, and 50 of the kernel's clock ticks. */
#define GN_MACHINE_WINDOW (500 * GN_MSEC)

/* A window in which all CPUs together were idle for less than this share of one CPU's time is saturated: the next
 * process to wake up finds none free. */
#define GN_MACHINE_SATURATED 0.1

/* Between begin and end. Plain data: it is sent from the host to the guest as it is. */
struct gn_machine_figures {
	gn_dur elapsed;
	bool has_cpus;		  /* /proc/stat could be read: */
	gn_dur idle, busy, steal; /* time of all CPUs together */
	gn_dur saturated;	  /* part of @elapsed */
	bool has_own;		  /* /proc/PID/schedstat could be read: */
	gn_dur own_cpu;		  /* time that this process and its descendants ran, .. */
	gn_dur own_wait;	  /* .. and that they could have run but had no CPU */
	uint32_t processes;	  /* as many */
	bool has_pressure;	  /* /proc/pressure/cpu could be read: */
	gn_dur pressure;	  /* part of @elapsed in which any process of the machine waited for a CPU */
};

struct gn_machine {
	struct gn_machine_figures first, last; /* absolute; elapsed: a moment */
	gn_dur saturated;
};

void gn_machine_begin(struct gn_machine *m);
/* Look at the CPUs, if the last look is a window ago. */
void gn_machine_look(struct gn_machine *m);
struct gn_machine_figures gn_machine_end(struct gn_machine *m);

/* What the kernel of this process has dropped or refused on the network's way since it was started, all
 * namespaces together. */
struct gn_machine_drops {
	uint64_t softnet; /* packets that found a CPU's input queue full (net.core.netdev_max_backlog) */
	uint64_t
		neighbours; /* neighbours that the table had no room for (net.ipv4.neigh.default.gc_thresh3) */
};
struct gn_machine_drops gn_machine_drops(void);

#endif
