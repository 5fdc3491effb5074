/* SPDX-License-Identifier: MIT */
#include "live/shared.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "util/util.h"

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t total_size(const struct gn_shared *s)
{
	return page_size() + s->n * s->slice_size;
}

int gn_shared_init(struct gn_shared *s, uint32_t n, uint64_t capacity, struct gn_err *err)
{
	size_t page = page_size();
	struct gn_shared made = { .fd = -1, .n = n, .capacity = capacity };
	GN_CLEANUP(gn_close_p) int fd = -1;

	if (!capacity || capacity & (capacity - 1) ||
	    capacity > SIZE_MAX / 2 / sizeof(struct gn_record) / (n + 1))
		return gn_fail(err, -EINVAL, "a ring of %llu records: not a power of two, or too many",
			       (unsigned long long)capacity);
	made.slice_size =
		(sizeof(struct gn_slice) + capacity * sizeof(struct gn_record) + page - 1) / page * page;
	fd = memfd_create("gossipnet", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return gn_fail(err, -errno, "memfd_create: %m");
	if (ftruncate(fd, (off_t)total_size(&made)) < 0)
		return gn_fail(err, -errno, "shared memory of %zu bytes: %m", total_size(&made));
	/* A node holds this descriptor for a moment: it must not be able to pull the memory away from us. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return gn_fail(err, -errno, "sealing the shared memory: %m");
	void *base = mmap(NULL, total_size(&made), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);

	if (base == MAP_FAILED)
		return gn_fail(err, -errno, "mapping %zu bytes of shared memory: %m", total_size(&made));
	made.base = base;
	for (uint32_t i = 0; i < n; i++)
		gn_shared_slice(&made, i)->capacity = capacity;
	made.fd = gn_steal_fd(&fd);
	*s = made;
	return 0;
}

void gn_shared_done(struct gn_shared *s)
{
	if (s->base)
		munmap(s->base, total_size(s));
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct gn_shared){ .fd = -1 };
}

struct gn_slice *gn_shared_slice(const struct gn_shared *s, uint32_t member)
{
	return (struct gn_slice *)(void *)(s->base + page_size() + member * s->slice_size);
}

int gn_own_init(struct gn_own *own, const struct gn_shared *s, uint32_t member, struct gn_err *err)
{
	size_t page = page_size();
	off_t at = (off_t)(page + member * s->slice_size);
	void *control = mmap(NULL, page, PROT_READ, MAP_SHARED, s->fd, 0);

	if (control == MAP_FAILED)
		return gn_fail(err, -errno, "mapping the control page: %m");
	void *slice =
		mmap(NULL, s->slice_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, s->fd, at);

	if (slice == MAP_FAILED) {
		int code = gn_fail(err, -errno, "mapping the node's slice: %m");

		munmap(control, page);
		return code;
	}
	*own = (struct gn_own){
		.control = control,
		.slice = slice,
		.capacity = s->capacity,
		.slice_size = s->slice_size,
	};
	return 0;
}

void gn_own_done(struct gn_own *own)
{
	if (own->control)
		munmap((void *)own->control, page_size());
	if (own->slice)
		munmap(own->slice, own->slice_size);
	*own = (struct gn_own){ .control = NULL };
}

/* Append a record if fewer than @limit are unread. */
static bool write_below(struct gn_slice *s, uint64_t capacity, uint64_t limit, const struct gn_record *r)
{
	uint64_t head = atomic_load_explicit(&s->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&s->tail, memory_order_acquire);

	if (head - tail >= limit) {
		atomic_fetch_add_explicit(&s->counters.log_dropped, 1, memory_order_relaxed);
		return false;
	}
	s->records[head & (capacity - 1)] = *r;
	atomic_store_explicit(&s->head, head + 1, memory_order_release);
	return true;
}

bool gn_ring_write(struct gn_slice *s, uint64_t capacity, const struct gn_record *r)
{
	return write_below(s, capacity, capacity, r);
}

bool gn_ring_write_spare(struct gn_slice *s, uint64_t capacity, const struct gn_record *r)
{
	return write_below(s, capacity, capacity - capacity / 4, r);
}

size_t gn_ring_peek(struct gn_slice *s, uint64_t capacity, const struct gn_record *run[2], size_t len[2])
{
	uint64_t head = atomic_load_explicit(&s->head, memory_order_acquire);
	uint64_t tail = atomic_load_explicit(&s->tail, memory_order_relaxed);
	uint64_t n = GN_MIN(head - tail, capacity), at = tail & (capacity - 1);

	run[0] = s->records + at;
	len[0] = (size_t)GN_MIN(n, capacity - at);
	run[1] = s->records;
	len[1] = (size_t)n - len[0];
	return (size_t)n;
}

void gn_ring_release(struct gn_slice *s, size_t n)
{
	atomic_store_explicit(&s->tail, atomic_load_explicit(&s->tail, memory_order_relaxed) + n,
			      memory_order_release);
}

/* The first eighth of the first octave is 125 ns, so bounds are 125 * (8 .. 15) * 2^octave. */
enum { EIGHTH = 125 };

unsigned gn_lateness_bucket(gn_dur lateness)
{
	uint64_t eighths = lateness / EIGHTH;

	if (eighths < 8)
		return 0;
	unsigned octave = 60u - (unsigned)__builtin_clzll(eighths);
	unsigned bucket = 1 + 8 * octave + (unsigned)(eighths >> octave) - 8;

	return GN_MIN(bucket, GN_LATENESS_BUCKETS - 1u);
}

gn_dur gn_lateness_upper(unsigned bucket)
{
	if (bucket >= GN_LATENESS_BUCKETS - 1)
		return GN_NEVER;
	return (gn_dur)EIGHTH * (8 + bucket % 8) << bucket / 8;
}
