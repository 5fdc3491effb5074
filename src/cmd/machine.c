/* SPDX-License-Identifier: MIT */
#include "cmd/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Processes that start processes: main, the guest's keeper, its init, the kernel, the guest's processes. */
enum { DEPTH_MAX = 8 };

/* ---- the CPUs ---- */

static void read_cpus(struct gn_machine_figures *f)
{
	FILE *file = fopen("/proc/stat", "re");
	const uint64_t tick = GN_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	uint64_t user, nice, system, idle, iowait, irq, softirq, steal;

	f->has_cpus = file && fscanf(file,
				     "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
				     " %" SCNu64 " %" SCNu64 " %" SCNu64,
				     &user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal) == 8;
	if (file)
		fclose(file);
	if (!f->has_cpus)
		return;
	f->idle = (idle + iowait) * tick;
	f->busy = (user + nice + system + irq + softirq) * tick;
	f->steal = steal * tick;
}

/* Pressure stall information: "some avg10=.. avg60=.. avg300=.. total=<us>". Many kernels have none. */
static void read_pressure(struct gn_machine_figures *f)
{
	FILE *file = fopen("/proc/pressure/cpu", "re");
	uint64_t us;

	f->has_pressure =
		file && fscanf(file, "some avg10=%*s avg60=%*s avg300=%*s total=%" SCNu64, &us) == 1;
	if (file)
		fclose(file);
	if (f->has_pressure)
		f->pressure = us * GN_USEC;
}

/* ---- our processes ---- */

/* CPU time and waiting of a process since its start. Return: whether the kernel says so. */
static bool read_process(int pid, gn_dur *ret_cpu, gn_dur *ret_wait)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	FILE *file = fopen(path, "re");
	bool known = file && fscanf(file, "%" SCNu64 " %" SCNu64, ret_cpu, ret_wait) == 2;

	if (file)
		fclose(file);
	return known;
}

/* Add a process and its descendants; a kernel that lists no children (CONFIG_PROC_CHILDREN) shows the process alone. */
static void add_tree(struct gn_machine_figures *f, int pid, int depth)
{
	gn_dur cpu, wait;
	char path[64];
	int child;

	if (depth > DEPTH_MAX || !read_process(pid, &cpu, &wait))
		return;
	f->has_own = true;
	f->own_cpu += cpu;
	f->own_wait += wait;
	f->processes++;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	FILE *file = fopen(path, "re");

	while (file && fscanf(file, "%d", &child) == 1)
		add_tree(f, child, depth + 1);
	if (file)
		fclose(file);
}

/* ---- over a run ---- */

static gn_dur since(gn_dur before, gn_dur after)
{
	return after > before ? after - before : 0;
}

static struct gn_machine_figures look(void)
{
	struct gn_machine_figures f = { .elapsed = gn_now() };

	read_cpus(&f);
	read_pressure(&f);
	return f;
}

void gn_machine_begin(struct gn_machine *m)
{
	*m = (struct gn_machine){ .first = look() };
	m->last = m->first;
	add_tree(&m->first, getpid(), 0);
}

static void end_window(struct gn_machine *m)
{
	const struct gn_machine_figures now = look();
	const gn_dur window = now.elapsed - m->last.elapsed;

	if (now.has_cpus && (double)since(m->last.idle, now.idle) < GN_MACHINE_SATURATED * (double)window)
		m->saturated += window;
	m->last = now;
}

void gn_machine_look(struct gn_machine *m)
{
	if (gn_now() - m->last.elapsed >= GN_MACHINE_WINDOW)
		end_window(m);
}

struct gn_machine_figures gn_machine_end(struct gn_machine *m)
{
	const struct gn_machine_figures *a = &m->first, *b = &m->last;

	/* What is left of the last window is too short to judge by, unless it is all there is. */
	if (m->last.elapsed == m->first.elapsed)
		end_window(m);
	m->last.elapsed = gn_now();
	read_cpus(&m->last);
	read_pressure(&m->last);
	add_tree(&m->last, getpid(), 0);
	return (struct gn_machine_figures){
		.elapsed = b->elapsed - a->elapsed,
		.has_cpus = a->has_cpus && b->has_cpus,
		.idle = since(a->idle, b->idle),
		.busy = since(a->busy, b->busy),
		.steal = since(a->steal, b->steal),
		.saturated = m->saturated,
		.has_own = a->has_own && b->has_own,
		.own_cpu = since(a->own_cpu, b->own_cpu),
		.own_wait = since(a->own_wait, b->own_wait),
		.processes = b->processes,
		.has_pressure = a->has_pressure && b->has_pressure,
		.pressure = since(a->pressure, b->pressure),
	};
}

/* ---- the kernel's network ---- */

/* The sum of a column, from 0, over the lines of a table of hexadecimal numbers: one line for each CPU. */
static uint64_t sum_column(const char *path, unsigned column, bool heading)
{
	FILE *file = fopen(path, "re");
	GN_CLEANUP(gn_free_p) char *line = NULL;
	size_t size = 0;
	uint64_t sum = 0;

	while (file && getline(&line, &size, file) > 0) {
		char *at = line;

		for (unsigned i = 0; i < column; i++)
			strtoull(at, &at, 16);
		if (!heading)
			sum += strtoull(at, NULL, 16);
		heading = false;
	}
	if (file)
		fclose(file);
	return sum;
}

struct gn_machine_drops gn_machine_drops(void)
{
	enum { SOFTNET_DROPPED = 1, ARP_TABLE_FULLS = 12 };

	return (struct gn_machine_drops){
		.softnet = sum_column("/proc/net/softnet_stat", SOFTNET_DROPPED, false),
		.neighbours = sum_column("/proc/net/stat/arp_cache", ARP_TABLE_FULLS, true),
	};
}
